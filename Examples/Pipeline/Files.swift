import Foundation

/// A file that could not be read or written.
struct FileError: Error, Codable, CustomStringConvertible {
  let path: String
  let reason: String
  var description: String { "\(path): \(reason)" }
}

/// Makes a `FileError` of what Foundation throws.
private func naming<Result>(_ path: String, _ body: () throws -> Result) throws(FileError) -> Result {
  do { return try body() } catch { throw FileError(path: path, reason: error.localizedDescription) }
}

/// The regular files of a folder, in the order of their names; not the hidden ones.
func filesIn(_ folder: String) throws(FileError) -> [String] {
  try naming(folder) {
    try FileManager.default.contentsOfDirectory(atPath: folder).sorted().filter { !$0.hasPrefix(".") }
      .map { folder + "/" + $0 }
      .filter { try FileManager.default.attributesOfItem(atPath: $0)[.type] as? FileAttributeType == .typeRegular }
  }
}

func fileSize(_ path: String) throws(FileError) -> Int {
  try naming(path) { try FileManager.default.attributesOfItem(atPath: path)[.size] as? Int ?? 0 }
}

/// The content of a file, of which only the parts that are looked at are read.
func mapFile(_ path: String) throws(FileError) -> Data {
  try naming(path) { try Data(contentsOf: URL(fileURLWithPath: path), options: .alwaysMapped) }
}

func readFile(_ path: String) throws(FileError) -> [UInt8] {
  try naming(path) { try Array(Data(contentsOf: URL(fileURLWithPath: path))) }
}

/// A file that has its name only when it is complete.
struct OutputFile: Sendable {
  private let path: String
  private let file: FileHandle

  /// - Parameter body: writes it; when it throws, nothing is left, and what was there before stays.
  static func write<Result>(to path: String, _ body: (OutputFile) async throws -> Result) async throws -> Result {
    let part = path + ".part"
    guard FileManager.default.createFile(atPath: part, contents: nil), let file = FileHandle(forWritingAtPath: part)
    else { throw FileError(path: part, reason: "cannot be written") }
    do {
      let result = try await body(OutputFile(path: part, file: file))
      try naming(part) { try file.close() }
      guard rename(part, path) == 0 else { throw FileError(path: path, reason: String(cString: strerror(errno))) }
      return result
    } catch {
      try? FileManager.default.removeItem(atPath: part)
      throw error
    }
  }

  func write(_ bytes: [UInt8]) throws(FileError) { try naming(path) { try file.write(contentsOf: bytes) } }
}
