/// Whether mounts can be made here that only one process sees: not without root, nor in most containers.
///
/// - Parameter what: the check that needs them; said to be skipped where they cannot.
package func canMountPrivately(for what: String) async throws -> Bool {
  let script = "mount --make-rprivate / && mount -t tmpfs none /mnt"
  let tried = try await Binary(path: "/usr/bin/unshare").run(["-m", "sh", "-c", script])
  if tried.exitCode != 0 { skipped(what, because: "no mounts can be made here: \(tried.errors)") }
  return tried.exitCode == 0
}
