import Muster

/// The code of one page of the documentation: its blocks stand here as they stand there, and `run` runs them.
protocol Page: SendableMetatype {
  static func run() async throws
}

/// What a page says would come of its code does not.
struct Unexpected: Error, CustomStringConvertible {
  let description: String
}

/// Throws when a page's code has come to something else than the page says.
func expect(_ condition: Bool, _ what: String, line: Int = #line) throws {
  guard condition else { throw Unexpected(description: "line \(line): \(what)") }
}

/// Runs the code of one page.
///
///     DocumentationPages PAGE
@main struct DocumentationPages: ClusterProgram {
  private static let pages: [String: any Page.Type] = [
    "GettingStarted": GettingStarted.self,
    "Hostfiles": Hostfiles.self,
    "LocalWorkers": LocalWorkers.self,
    "LoopsAndGlobals": LoopsAndGlobals.self,
    "MPIWorkers": MPIWorkers.self,
    "Placement": PlacementPage.self,
    "PoolsAndMaps": PoolsAndMaps.self,
    "ReferencesAndChannels": ReferencesAndChannels.self,
    "RemoteFunctionMacros": RemoteFunctionMacros.self,
    "RemoteFunctions": RemoteFunctions.self,
    "SeeingWhatHappens": SeeingWhatHappens.self,
    "SSHWorkers": SSHWorkers.self,
    "TheSameProgramEverywhere": TheSameProgramEverywhere.self,
    "Troubleshooting": Troubleshooting.self,
    "WritingAManager": WritingAManager.self,
  ]

  func run() async throws {
    guard let name = CommandLine.arguments.dropFirst().first, let page = Self.pages[name] else {
      throw Unexpected(description: "usage: DocumentationPages \(Self.pages.keys.sorted().joined(separator: "|"))")
    }
    try await page.run()
    print("passed")
  }
}
