import Foundation

/// Fills a new folder with text files of very different sizes, one of them empty, the same ones every time.
///
/// - Throws: `FileError`.
func makeText(in folder: String, byteCount: Int) throws {
  do { try FileManager.default.createDirectory(atPath: folder, withIntermediateDirectories: true) } catch {
    throw FileError(path: folder, reason: error.localizedDescription)
  }
  var random = SplitMix64(state: 1)
  // Of the whole: a half, a quarter, …
  for file in 0..<8 {
    let size = file == 3 ? 0 : byteCount >> (file + 1)
    let path = "\(folder)/text-\(file).txt"
    guard FileManager.default.createFile(atPath: path, contents: Data(makeText(byteCount: size, &random))) else {
      throw FileError(path: path, reason: "cannot be written")
    }
  }
}

/// Words in lines, with more blanks than there need be; the last line has no end.
private func makeText(byteCount: Int, _ random: inout SplitMix64) -> [UInt8] {
  let words = ["muster", "Worker", "CHANNEL", "of", "the", "a", "pipeline", "Über", "x", "back-pressure", "12.5"]
  let blanks = [" ", " ", " ", "  ", "\t", " \t ", "\n", "\r\n", "\n\n", " \n"]
  var text: [UInt8] = []
  while text.count < byteCount {
    text += words.randomElement(using: &random)!.utf8
    text += blanks.randomElement(using: &random)!.utf8
  }
  return Array(text.prefix(byteCount))
}

/// Steele, Lea and Flood, "Fast splittable pseudorandom number generators" (2014).
struct SplitMix64: RandomNumberGenerator {
  var state: UInt64

  mutating func next() -> UInt64 {
    state &+= 0x9E37_79B9_7F4A_7C15
    var z = (state ^ (state >> 30)) &* 0xBF58_476D_1CE4_E5B9
    z = (z ^ (z >> 27)) &* 0x94D0_49BB_1331_11EB
    return z ^ (z >> 31)
  }
}
