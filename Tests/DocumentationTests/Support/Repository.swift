import Foundation
import Testing

/// What there is to compare the documentation with.
enum Repository {
  static let root = URL(fileURLWithPath: #filePath).deletingLastPathComponent()
    .appendingPathComponent("../../..").standardizedFileURL.path

  static func text(_ path: String) throws -> String {
    try String(contentsOfFile: "\(root)/\(path)", encoding: .utf8)
  }

  static func exists(_ path: String) -> Bool { FileManager.default.fileExists(atPath: "\(root)/\(path)") }

  /// The paths of all files below a folder whose names end so.
  static func files(in folder: String, ending: String) -> [String] {
    let below = FileManager.default.enumerator(atPath: "\(root)/\(folder)")?.compactMap { $0 as? String } ?? []
    return below.filter { $0.hasSuffix(ending) }.sorted().map { "\(folder)/\($0)" }
  }

  /// All that people read.
  static let pages: [MarkdownPage] = {
    let catalogs = ["Sources/Muster/Muster.docc", "Sources/MusterMPI/MusterMPI.docc"]
    let inside = catalogs.flatMap { files(in: $0, ending: ".md") }
    let examples = files(in: "Examples", ending: "README.md")
    let paths = ["README.md", "CONTRIBUTING.md"] + files(in: "docs", ending: ".md") + inside + examples
    return paths.compactMap { path in (try? text(path)).map { MarkdownPage(path: path, text: $0) } }
  }()

  /// All that the package builds, but for what looks at it.
  static let sources: SourceIndex = {
    let paths = ["Sources", "Examples", "Tests/DocumentationPages"].flatMap { files(in: $0, ending: ".swift") }
    return SourceIndex(paths.compactMap { try? text($0).split(separator: "\n", omittingEmptySubsequences: false) })
  }()
}
