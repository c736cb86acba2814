/// A command that needs no shell, because it is a program and its arguments: plain words and quoted ones.
///
/// Starting it without one saves a good part of the time of a short command; make(1) does the same.
enum SimpleCommand {
  /// Words that mean something to a shell where a program's name would be (POSIX 2.4, 2.9.1, 2.14), and builtins that
  /// no program replaces, or that differ from theirs.
  private static let shellWords: Set<Bytes> = Set(
    """
    . : [ [[ alias bg break builtin case cd command continue declare dirs disown do done echo elif else enable esac eval \
    exec exit export false fc fg fi for function getopts hash help history if in jobs kill let local logout mapfile popd \
    printf pushd pwd read readarray readonly return select set shift shopt source suspend test then time times trap type \
    typeset ulimit umask unalias unset until wait while
    """.split { $0 == " " || $0 == "\n" }.map { Bytes($0.utf8) })

  /// Whether a shell does nothing else with a simple command than to start it. zsh reads a file of the user's first, and
  /// what is no shell at all may have been chosen to do more.
  static func isShell(_ path: String) -> Bool {
    ["sh", "bash", "dash", "ash", "ksh", "mksh"].contains(path.split(separator: "/").last ?? "")
  }

  /// Program and arguments; `nil` if it takes a shell to know.
  static func words(of command: Bytes) -> [Bytes]? {
    var words: [Bytes] = []
    var word: Bytes?
    var rest = command[...]
    while let byte = rest.popFirst() {
      switch byte {
      case UInt8(ascii: " "):
        if let word { words.append(word) }
        word = nil
      case UInt8(ascii: "'"), UInt8(ascii: "\""):
        guard let end = rest.firstIndex(of: byte) else { return nil }
        if byte == UInt8(ascii: "\""), rest[..<end].contains(where: "$`\\".utf8.contains) { return nil }
        word = (word ?? []) + rest[..<end]
        rest = rest[rest.index(after: end)...]
      case _ where Quoting.isSafe([byte]) || (byte == UInt8(ascii: "=") && !words.isEmpty && word != nil):
        word = (word ?? []) + [byte]
      default: return nil
      }
    }
    if let word { words.append(word) }
    guard let program = words.first, !program.isEmpty, !shellWords.contains(program) else { return nil }
    return words
  }
}
