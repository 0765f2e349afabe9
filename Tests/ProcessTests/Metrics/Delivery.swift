import Foundation
import TestSupport

/// The binary that was built with the trait `Delivery`; `make test` builds it.
enum Delivery {
  private static let root = URL(filePath: #filePath).deletingLastPathComponent().appending(path: "../../..")
  static let job = Binary(path: root.appending(path: ".build/delivery/debug/usage-aggregation").standardized.path)

  static let isBuilt: Bool = {
    let isThere = FileManager.default.isExecutableFile(atPath: job.url.path)
    if !isThere {
      let reason =
        "swift build --traits Delivery --scratch-path .build/delivery --product usage-aggregation was not run"
      skipped("Pushgateway and heartbeats", because: "\(reason)")
    }
    return isThere
  }()
}
