import Foundation

/// The binaries that were built with a package trait; `make test` builds them.
package enum TraitBuild {
  private static let root = URL(filePath: #filePath).deletingLastPathComponent().appending(path: "../..")
  package static let job = binary("usage-aggregation", "Delivery")
  package static let doctor = binary("job-doctor", "Delivery")
  package static let outbox = binary("outbox-delivery", "Delivery")
  package static let drain = binary("event-drain", "Kafka")

  package static let isJobBuilt = isThere("usage-aggregation", "Delivery", for: "Pushgateway and heartbeats")
  package static let isDoctorBuilt = isThere("job-doctor", "Delivery", for: "the doctor's messages")
  package static let isOutboxBuilt = isThere("outbox-delivery", "Delivery", for: "mail and webhooks")
  package static let isDrainBuilt = isThere("event-drain", "Kafka", for: "Kafka as a source of events")

  private static func binary(_ name: String, _ trait: String) -> Binary {
    Binary(path: root.appending(path: ".build/\(trait.lowercased())/debug/\(name)").standardized.path)
  }

  private static func isThere(_ name: String, _ trait: String, for what: String) -> Bool {
    if FileManager.default.isExecutableFile(atPath: binary(name, trait).url.path) { return true }
    let command = "swift build --traits \(trait) --scratch-path .build/\(trait.lowercased()) --product \(name)"
    skipped(what, because: "\(command) was not run")
    return false
  }
}
