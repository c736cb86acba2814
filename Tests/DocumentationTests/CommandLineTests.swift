import Foundation
import Testing

/// Commands that the pages show can be typed.
@Suite struct CommandLineTests {
  @Test(arguments: Repository.pages)
  func `Every subcommand and option of muster on a page is one`(page: MarkdownPage) throws {
    for (line, text) in page.commandLines {
      for match in text.matches(of: /(?:^|[ '\/])muster ([a-z][a-z-]*)([^|#]*)/) {
        let subcommand = String(match.1)
        guard let help = try Help.of(subcommand) else {
          Issue.record("\(page.path):\(line): muster has no subcommand \(subcommand)")
          continue
        }
        // What stands behind a command of `map` is for that command.
        let own = String(match.2).split(separator: ":::").first ?? ""
        for option in own.matches(of: /(?:^| )(--?[a-z][a-z-]*)/) where !help.contains("\(option.1)") {
          Issue.record("\(page.path):\(line): muster \(subcommand) has no option \(option.1)")
        }
      }
    }
  }

  @Test(arguments: Repository.pages)
  func `Every goal of make and every product of the package on a page is there`(page: MarkdownPage) throws {
    let makefile = try Repository.text("Makefile")
    // The reader's own package, too.
    let manifests = try ["", "Tests/DocumentationPages/OwnPackage/"].map { try Repository.text($0 + "Package.swift") }
      .joined()
    for (line, text) in page.commandLines {
      for goal in text.matches(of: /(?:^|&& )make ([a-z-]+)/) where !makefile.contains("\n\(goal.1):") {
        Issue.record("\(page.path):\(line): the Makefile has no goal \(goal.1)")
      }
      for product in products(of: text) where !manifests.contains("\"\(product)\"") {
        Issue.record("\(page.path):\(line): the package has no product \(product)")
      }
    }
  }

  @Test(arguments: Repository.pages)
  func `Every file of this repository that a page names is there`(page: MarkdownPage) throws {
    let folders = "Sources|Tests|Examples|docs|jobscripts|hostfiles|scripts"
    let pattern = try Regex("(?:^|[ `'(\\[])((?:\(folders))/[A-Za-z0-9_./+-]+)")
    for (index, line) in page.text.split(separator: "\n", omittingEmptySubsequences: false).enumerated() {
      for match in line.matches(of: pattern) {
        let path = String(match.output[1].substring ?? "").trimmingSuffix(of: ".,/")
        // Some are in the package that a reader makes.
        if !Repository.exists(path), !Repository.exists("Tests/DocumentationPages/OwnPackage/\(path)") {
          Issue.record("\(page.path):\(index + 1): there is no \(path)")
        }
      }
    }
  }

  @Test(arguments: Repository.pages)
  func `Every link to a file leads somewhere`(page: MarkdownPage) {
    let folder = page.path.split(separator: "/").dropLast().joined(separator: "/")
    for (index, line) in page.text.split(separator: "\n", omittingEmptySubsequences: false).enumerated() {
      for match in line.matches(of: /\]\(([^):#]+)(?:#[^)]*)?\)/) {
        let path = folder.isEmpty ? String(match.1) : "\(folder)/\(match.1)"
        let isPicture = path.hasPrefix("Sources/") && line.contains("![")
        if !isPicture, !Repository.exists(path) { Issue.record("\(page.path):\(index + 1): there is no \(path)") }
      }
    }
  }

  @Test(arguments: Repository.pages)
  func `Every variable of the environment on a page is read somewhere`(page: MarkdownPage) {
    let names = Set(page.text.matches(of: /MUSTER_[A-Z_]+/).map { String($0.0) })
    for name in names.sorted() where !Sources.all.contains(name) {
      Issue.record("\(page.path): nothing reads \(name)")
    }
  }
}

/// What `swift run` and `swift build` are told to make.
private func products(of commandLine: String) -> [String] {
  commandLine.matches(of: /swift (run|build)([^|&#]*)/).flatMap { match -> [String] in
    var words = match.2.split(separator: " ")[...]
    var products: [String] = []
    while let word = words.popFirst() {
      switch word {
      case "-c", "--traits", "--filter": words = words.dropFirst()
      case "--product", "--target": products.append(String(words.popFirst() ?? ""))
      case _ where word.hasPrefix("-"): break
      // What follows is for the program.
      default: return match.1 == "run" ? products + [String(word)] : products
      }
    }
    return products
  }
}

/// What `muster help` says of each subcommand.
private enum Help {
  static func of(_ subcommand: String) throws -> String? {
    let result = try Command.run([Command.path("muster"), "help", subcommand])
    return result.code == 0 && result.output.contains("USAGE: muster \(subcommand)") ? result.output : nil
  }
}

extension MarkdownPage {
  /// The lines of its blocks for the shell, with their numbers.
  fileprivate var commandLines: [(line: Int, text: String)] {
    blocks("sh").flatMap { block in
      block.lines.enumerated().map { (block.line + $0, String($1)) }
    }
  }
}

extension String {
  fileprivate func trimmingSuffix(of characters: String) -> String {
    String(self[..<(lastIndex { !characters.contains($0) }.map(index(after:)) ?? startIndex)])
  }
}
