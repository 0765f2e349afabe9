import Foundation

/// The binaries that were built with all package traits; `make test` builds them.
package enum TraitBuild {
  private static let root = URL(filePath: #filePath).deletingLastPathComponent().appending(path: "../..")
  package static let job = binary("usage-aggregation")
  package static let doctor = binary("job-doctor")
  package static let outbox = binary("outbox-delivery")
  package static let drain = binary("event-drain")
  package static let previews = binary("media-previews")

  package static let isJobBuilt = isThere("usage-aggregation", for: "Pushgateway and heartbeats")
  package static let isDoctorBuilt = isThere("job-doctor", for: "the doctor's messages")
  package static let isOutboxBuilt = isThere("outbox-delivery", for: "mail and webhooks")
  package static let isDrainBuilt = isThere("event-drain", for: "Kafka as a source of events")
  package static let arePreviewsBuilt = isThere("media-previews", for: "previews by presigned addresses")

  private static func binary(_ name: String) -> Binary {
    Binary(path: root.appending(path: ".build/traits/debug/\(name)").standardized.path)
  }

  private static func isThere(_ name: String, for what: String) -> Bool {
    if FileManager.default.isExecutableFile(atPath: binary(name).url.path) { return true }
    let command = "swift build --traits Delivery,Kafka --scratch-path .build/traits --product \(name)"
    skipped(what, because: "\(command) was not run")
    return false
  }
}
