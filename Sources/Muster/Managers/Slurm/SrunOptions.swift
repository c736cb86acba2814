/// Options of srun that a program adds to Muster's own; a plain value.
struct SrunOptions: Sendable, Hashable {
  /// As they are handed on.
  let words: [String]
  /// Output goes to files of srun (`-o`, `-e`), and not through process 1.
  let writesFiles: Bool

  /// What Muster says to srun itself, and what a program says to have it otherwise.
  private static let taken: [(long: String, short: Character?, instead: String)] = [
    ("ntasks", "n", "SlurmManager's ntasks"), ("nodes", "N", "SlurmManager's nodes"),
    ("ntasks-per-node", nil, "SlurmManager's ntasksPerNode"), ("nodelist", "w", "SlurmManager's nodelist"),
    ("cpus-per-task", "c", "SlurmManager's cpusPerTask"), ("cpu-bind", nil, "SlurmManager's binding"),
    ("distribution", "m", "SlurmManager's ntasksPerNode and nodelist"), ("chdir", "D", "options.dir"),
    ("input", "i", "nothing: workers read their invitation there"), ("multi-prog", nil, "options.exename"),
    ("pty", nil, "nothing: a worker has no terminal"), ("export", nil, "options.env"),
    ("wait", "W", "nothing: a worker that ends does not end the others"),
    ("kill-on-bad-exit", "K", "nothing: a worker that ends does not end the others"),
    ("no-kill", "k", "nothing: a node that is lost does not end the others"),
    ("overlap", nil, "nothing: several addprocs share the job"), ("exact", nil, "SlurmManager's binding"),
    ("whole", nil, "SlurmManager's binding"), ("exclusive", nil, "SlurmManager's binding"),
    ("het-group", nil, "SlurmManager's nodelist"), ("jobid", nil, "nothing: it is the job of this process"),
    ("unbuffered", "u", "nothing: output comes line by line"), ("quiet", "Q", "nothing: Muster reads what srun says"),
    ("label", "l", "nothing: lines are marked with the worker's number"),
  ]

  /// Those of them that Muster does not say when srun allocates.
  private static let freeOutside: Set<String> = ["nodelist", "distribution", "exclusive", "nodes", "ntasks-per-node"]

  /// Short options of srun that are followed by a value (srun(1)).
  private static let shortWithValue = Set("AaBbCcDdeGgiJLMmNnoPpqrSTtWwx")

  /// - Parameter allocates: srun is to ask for nodes, and not to use those of the job.
  /// - Throws: `ClusterError` `.invalidArgument` for an option that Muster says itself, and for words that are no options.
  init(_ words: [String], allocates: Bool) throws(ClusterError) {
    var expectsValue = false
    for word in words {
      if !word.hasPrefix("-") || word == "-" {
        guard expectsValue else {
          throw ClusterError(
            .invalidArgument,
            "SlurmManager: srun: '\(word)' is no option, and srun would take it for the program: write --name=value")
        }
        expectsValue = false
      } else if word.hasPrefix("--") {
        let name = word.dropFirst(2).prefix { $0 != "=" }
        guard !name.isEmpty else { throw ClusterError(.invalidArgument, "SlurmManager: srun: '--' is no option") }
        try Self.check(word, allocates) { $0.long == name || (name.count > 2 && $0.long.hasPrefix(name)) }
        expectsValue = !word.contains("=")
      } else {
        expectsValue = try Self.checkShort(word, allocates)
      }
    }
    self.words = words
    writesFiles = words.contains(where: Self.namesFile)
  }

  /// Whether an option says where output goes.
  private static func namesFile(_ word: String) -> Bool {
    guard word.hasPrefix("--") else {
      return word.hasPrefix("-") && letters(word).contains { $0 == "o" || $0 == "e" }
    }
    let name = word.dropFirst(2).prefix { $0 != "=" }
    return ["output", "error"].contains { name.count > 2 && $0.hasPrefix(name) }
  }

  /// Short options may stand together, `-vp debug`; the first that has a value takes the rest.
  private static func letters(_ word: String) -> Substring {
    let all = word.dropFirst()
    guard let last = all.firstIndex(where: shortWithValue.contains) else { return all }
    return all[...last]
  }

  /// - Returns: whether the next word is the value of a short option.
  private static func checkShort(_ word: String, _ allocates: Bool) throws(ClusterError) -> Bool {
    let letters = letters(word)
    for letter in letters { try check(word, allocates) { $0.short == letter } }
    return letters.last.map(shortWithValue.contains) == true && letters.count == word.count - 1
  }

  /// The name of an option may be cut short as long as it is clear (getopt_long(3)).
  private static func check(
    _ word: String, _ allocates: Bool, _ matches: ((long: String, short: Character?, instead: String)) -> Bool
  ) throws(ClusterError) {
    guard let found = taken.first(where: { matches($0) && !(allocates && freeOutside.contains($0.long)) }) else {
      return
    }
    throw ClusterError(
      .invalidArgument,
      "SlurmManager: srun's option \(word) was given, but Muster sets --\(found.long) itself: use \(found.instead)")
  }
}
