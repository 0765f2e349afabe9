#!/usr/bin/env bash
# Packs a job as a zip for Lambda's runtime provided.al2023 (docs/lambda.md).
#
#   lambda-zip.sh FOLDER_OF_THE_BINARIES JOB ZIP
#
# Runs where the binary was built, on a Debian-like system.
set -euo pipefail
binary=$1/$2 zip=$(realpath -m "$3")
# The C library of Amazon Linux 2023.
theirs=2.34
# Where Lambda unpacks the zip.
task=/var/task

folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT
linked=$(ldd "$binary")
if grep 'not found' <<<"$linked" >&2; then exit 1; fi
mapfile -t libraries < <(grep -o '/[^ ]*\.so[^ ]*' <<<"$linked" | sort -u)
# The newest version of the C library that anything in the zip asks for.
newest=$(objdump -T "$binary" "${libraries[@]}" 2>/dev/null | grep -o 'GLIBC_[0-9.]*' | cut -d_ -f2 | sort -uV | tail -1)
ships_loader=$(printf '%s\n' "$newest" "$theirs" | sort -V | tail -1)
mkdir "$folder/lib"
for library in "${libraries[@]}"; do cp -L "$library" "$folder/lib/"; done
loader=$(basename "$(patchelf --print-interpreter "$binary")")
cp "$binary" "$folder/bootstrap"
if [ "$ships_loader" = "$theirs" ]; then
  # The system's own will do.
  for file in "$loader" libc.so.6 libm.so.6 libpthread.so.0 libdl.so.2 librt.so.1 libresolv.so.2; do rm -f "$folder/lib/$file"; done
else
  [ -f "$folder/lib/$loader" ] && [ -f "$folder/lib/libc.so.6" ] || {
    echo "the binary needs GLIBC_$newest, Lambda has $theirs, and there is no $loader to pack" >&2
    exit 1
  }
  patchelf --set-interpreter "$task/lib/$loader" "$folder/bootstrap"
fi
# RPATH, not RUNPATH: it holds for the libraries of libraries, too.
patchelf --force-rpath --set-rpath "$task/lib" "$folder/bootstrap"
cp -L /etc/ssl/certs/ca-certificates.crt "$folder/"
mkdir -p "$(dirname "$zip")"
/usr/bin/python3 - "$folder" "$zip" <<'PYTHON'
import pathlib, sys, zipfile
folder, path = map(pathlib.Path, sys.argv[1:])
with zipfile.ZipFile(path, "w", zipfile.ZIP_DEFLATED) as zip:
    for file in sorted(p for p in folder.rglob("*") if p.is_file()):
        # The same bytes from the same files, whenever it is packed.
        entry = zipfile.ZipInfo(str(file.relative_to(folder)), (1980, 1, 1, 0, 0, 0))
        is_program = file.name == "bootstrap" or ".so" in file.name
        entry.external_attr, entry.compress_type = (0o100755 if is_program else 0o100644) << 16, zipfile.ZIP_DEFLATED
        zip.writestr(entry, file.read_bytes())
PYTHON
echo "$zip: $(($(stat -c %s "$zip") / 1000)) kB with ${#libraries[@]} libraries; it needs GLIBC_$newest$([ "$ships_loader" = "$theirs" ] || echo ", which is in it")"
