import Foundation
import Muster

enum SeeingWhatHappens: Page {
  struct Render: RemoteFunction {
    func callAsFunction(_ frame: Int) -> Int { frame }
  }

  static func run() async throws {
    let path = NSTemporaryDirectory() + "run-\(UUID().uuidString).jsonl"
    defer { try? FileManager.default.removeItem(atPath: path) }
    try recordEvents(to: path)
    let worker = try await addprocs(1)[0]
    try await rendering(on: worker, 1...3)
  }

  static func rendering(on worker: ProcessID, _ frames: ClosedRange<Int>) async throws {
    for frame in frames {
      let clock = ContinuousClock()
      let time = try await clock.measure { _ = try await remotecallFetch(Render(), on: worker, frame) }
      recordWork("render", item: frame, on: worker, took: time)
    }
  }
}
