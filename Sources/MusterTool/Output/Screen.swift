import Glibc

/// Lines on a terminal that are drawn again in the same place.
final class Screen {
  private var height = 0

  /// Over what was drawn before; what does not fit on the terminal is left out.
  func draw(_ lines: [String]) {
    var size = winsize()
    let rows = ioctl(STDOUT_FILENO, UInt(TIOCGWINSZ), &size) == 0 && size.ws_row > 1 ? Int(size.ws_row) : 24
    var shown = lines
    if lines.count >= rows { shown = lines.prefix(rows - 2) + ["… \(lines.count - rows + 2) more lines"] }
    let up = height > 0 ? "\u{1B}[\(height)A" : ""
    // Each line is written over and its rest erased: nothing flickers.
    write(up + shown.map { "\($0)\u{1B}[K\n" }.joined() + "\u{1B}[J")
    height = shown.count
  }

  private func write(_ text: String) {
    print(text, terminator: "")
    fflush(nil)
  }
}
