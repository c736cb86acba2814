import ArgumentParser
import FoundationEssentials

/// `muster manual`
struct Manual: ParsableCommand {
  static let configuration = CommandConfiguration(
    abstract: "Prints the pages of the manual, or writes them for man(1).",
    usage: "muster manual [<command>] [--directory <directory>]",
    discussion: """
      EXAMPLES:
        muster manual plan | man -l -
        muster manual --directory ~/.local/share/man/man1
        muster --generate-completion-script bash >~/.muster-completion

      The same text as with --help. make man writes all pages into a directory. Completions of the shells bash, zsh and \
      fish are printed by muster --generate-completion-script.
      """)

  @Argument(help: "Of which command; without it muster itself.")
  var command: String?

  @Option(help: ArgumentHelp("Writes all pages there.", valueName: "directory"), completion: .directory)
  var directory: String?

  func run() throws {
    let muster = try HelpTree.ofMuster().command
    let commands = [muster] + muster.shownSubcommands
    let names = commands.map { $0.words.joined(separator: "-") }
    let pages = commands.map { ManualPage(of: $0, others: names) }
    if let directory { return try write(pages, to: directory) }
    let name = command.map { "muster-\($0)" } ?? "muster"
    guard let page = pages.first(where: { $0.name == name }) else {
      throw ValidationError(
        "there is no command '\(command ?? "")': there are \(names.dropFirst().joined(separator: ", "))")
    }
    print(page.text, terminator: "")
  }

  private func write(_ pages: [ManualPage], to directory: String) throws {
    try FileManager.default.createDirectory(atPath: directory, withIntermediateDirectories: true)
    for page in pages { try Data(page.text.utf8).write(to: URL(filePath: "\(directory)/\(page.name).1")) }
  }
}
