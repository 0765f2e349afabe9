#!/usr/bin/env bash
# Lays out what a package or a tarball has: binaries, manual pages, completions, units, settings, the license.
#
#   layout.sh FOLDER_OF_THE_BINARIES BIN OUT NAME…     BIN: where the binaries will be, for the units
#
# Manual pages come from the binaries: oneshot's from itself, a job's from its --help by help2man.
set -euo pipefail
here=$(dirname "$(realpath "$0")")
binaries=$1 bin=$2 out=$3
shift 3
mkdir -p "$out"/{bin,etc/oneshot,lib/systemd/system,lib/sysusers.d,share/man/man1,share/doc/oneshot}
mkdir -p "$out"/share/{bash-completion/completions,zsh/site-functions,fish/vendor_completions.d}
install -m 0755 -t "$out/bin" "${@/#/$binaries/}"
for name in "$@"; do
  binary=$binaries/$name
  if [ "$name" = oneshot ]; then
    "$binary" man >"$out/share/man/man1/oneshot.1"
    "$binary" completion bash >"$out/share/bash-completion/completions/oneshot"
    "$binary" completion zsh >"$out/share/zsh/site-functions/_oneshot"
    "$binary" completion fish >"$out/share/fish/vendor_completions.d/oneshot.fish"
    continue
  fi
  summary=$("$binary" --describe | sed 's/^{"name":"[^"]*","summary":"\([^"]*\)".*/\1/')
  help2man --locale C.UTF-8 --no-info --section 1 --manual "oneshot jobs" --name "$summary" "$binary" >"$out/share/man/man1/$name.1"
  # Their options are in --help, which these shells read by themselves; fish reads the manual page.
  echo "complete -F _longopt $name" >"$out/share/bash-completion/completions/$name"
  printf '#compdef %s\n_gnu_generic\n' "$name" >"$out/share/zsh/site-functions/_$name"
  "$here/units.py" "$binaries" "$name" "$bin" "$out/lib/systemd/system"
done
cp "$here/fixed/oneshot-common.sysusers" "$out/lib/sysusers.d/oneshot.conf"
cp "$here/oneshot.env" "$out/etc/oneshot/oneshot.env"
cp "$here/../../LICENSE" "$here/../../CHANGELOG.md" "$out/share/doc/oneshot/"
