import Foundation
import Testing

@testable import Muster

/// The files of Tests/Fixtures/Hostfiles, and what they are said to be.
enum HostfileCorpus {
  private static let root = URL(fileURLWithPath: #filePath)
    .deletingLastPathComponent().deletingLastPathComponent().deletingLastPathComponent().deletingLastPathComponent()
  private static let fixtures = root.appendingPathComponent("Tests/Fixtures/Hostfiles")

  /// Names of the files of a folder, without `.hosts`.
  static func names(in folder: String) -> [String] { names(fixtures.appendingPathComponent(folder), "hosts") }

  static func path(_ folder: String, _ name: String, _ suffix: String) -> String {
    fixtures.appendingPathComponent("\(folder)/\(name).\(suffix)").path
  }

  static func text(_ folder: String, _ name: String, _ suffix: String) throws -> String {
    String(decoding: try Data(contentsOf: URL(fileURLWithPath: path(folder, name, suffix))), as: UTF8.self)
  }

  /// What `hostfiles/` shows to users.
  static let examples = names(root.appendingPathComponent("hostfiles"), "txt")

  static func examplePath(_ name: String) -> String { root.appendingPathComponent("hostfiles/\(name).txt").path }

  private static func names(_ folder: URL, _ suffix: String) -> [String] {
    let files = (try? FileManager.default.contentsOfDirectory(atPath: folder.path)) ?? []
    return files.filter { $0.hasSuffix(".\(suffix)") }.map { String($0.dropLast(suffix.count + 1)) }.sorted()
  }
}
