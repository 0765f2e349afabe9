import Foundation

/// The binaries that were built with the trait `Delivery`; `make test` builds them.
package enum DeliveryBuild {
  private static let root = URL(filePath: #filePath).deletingLastPathComponent().appending(path: "../..")
  package static let job = binary("usage-aggregation")
  package static let doctor = binary("job-doctor")

  package static let isBuilt = isThere(job, for: "Pushgateway and heartbeats")
  package static let isDoctorBuilt = isThere(doctor, for: "the doctor's messages")

  private static func binary(_ name: String) -> Binary {
    Binary(path: root.appending(path: ".build/delivery/debug/\(name)").standardized.path)
  }

  private static func isThere(_ binary: Binary, for what: String) -> Bool {
    if FileManager.default.isExecutableFile(atPath: binary.url.path) { return true }
    let name = binary.url.lastPathComponent
    skipped(what, because: "swift build --traits Delivery --scratch-path .build/delivery --product \(name) was not run")
    return false
  }
}
