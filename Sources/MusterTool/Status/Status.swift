import ArgumentParser
import Muster

/// `muster status`
struct Status: AsyncParsableCommand {
  static let configuration = CommandConfiguration(
    abstract: "Shows what the workers of running programs do, as it changes.",
    usage: "muster status [<pid> ...] [--once] [--interval <seconds>] [--json]",
    discussion: """
      EXAMPLES:
        muster status              all programs of yours on this node
        muster status 4711         the one with this process id
        muster status --once       as it is now, without refreshing
        muster status --json       one line for each program
        ssh n1 muster status       where process 1 runs is where to look

      On a terminal it is drawn anew every second until Control-C, or until the programs have ended; elsewhere it is \
      printed once. A program with MUSTER_STATUS=off in its environment cannot be seen.
      """)

  @Argument(help: ArgumentHelp("Process ids of programs (of their process 1).", valueName: "pid"))
  var pids: [Int32] = []

  @Flag(help: "Prints it once.")
  var once = false

  @Option(name: [.short, .long], help: ArgumentHelp("Seconds between two looks.", valueName: "seconds"))
  var interval = 1.0

  @Flag(help: "A line with an object for each program.")
  var json = false

  func validate() throws {
    try requireSeconds(interval, "--interval", from: 0.1)
  }

  func run() async throws {
    let terminal = Terminal.standardOutput
    try requirePrograms()
    guard terminal.isTerminal, !once, !json else { return try await show(on: terminal) }
    let screen = Screen()
    while true {
      let view = await StatusView(look(), on: terminal)
      if view.isEmpty { return }
      screen.draw(view.lines)
      try await Task.sleep(for: .seconds(interval))
    }
  }

  private func requirePrograms() throws {
    let programs = ObservedProgram.all()
    if let stranger = pids.first(where: { pid in !programs.contains { $0.osPID == pid } }) {
      throw ValidationError("there is no program with workers that has the process id \(stranger)")
    }
    if programs.isEmpty, !json { print("There is no program with workers on this node.") }
  }

  private func show(on terminal: Terminal) async throws {
    let reports = await look()
    if json {
      for report in reports {
        switch report.content {
        case .status(let status): try printJSON(status, pretty: false)
        case .silence(let reason): printError("\(report.osPID): \(reason)")
        }
      }
    } else {
      for line in StatusView(reports, on: terminal).lines { print(line) }
    }
    if reports.contains(where: \.isSilent) { throw ExitCode(1) }
  }

  /// Asks all programs at once: one that does not answer is nothing to the others. One that ends while it is asked is one
  /// that has ended.
  private func look() async -> [ProgramReport] {
    let programs = ObservedProgram.all().filter { pids.isEmpty || pids.contains($0.osPID) }
    let reports = await withTaskGroup(of: ProgramReport?.self) { group in
      for program in programs { group.addTask { await ProgramReport.of(program) } }
      return await group.reduce(into: []) { $0.append($1) }
    }
    return reports.compactMap { $0 }.sorted { $0.osPID < $1.osPID }
  }
}

/// What a program has said of itself, or why it has not.
struct ProgramReport: Sendable {
  enum Content: Sendable {
    case status(ProgramStatus)
    case silence(String)
  }

  let osPID: Int32
  let content: Content

  var isSilent: Bool { if case .silence = content { true } else { false } }

  /// - Returns: `nil` for one that has ended.
  static func of(_ program: ObservedProgram) async -> ProgramReport? {
    do {
      return ProgramReport(osPID: program.osPID, content: .status(try await program.status(within: .seconds(5))))
    } catch let error as ClusterError where error.code == .notConnected {
      return nil
    } catch let error as ClusterError where error.code == .timeout {
      return ProgramReport(
        osPID: program.osPID,
        content: .silence("does not answer: it is stopped, or hangs (muster kill \(program.osPID) ends it)"))
    } catch {
      return ProgramReport(osPID: program.osPID, content: .silence((error as? ClusterError)?.message ?? "\(error)"))
    }
  }
}
