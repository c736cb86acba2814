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
    guard interval >= 0.1 else { throw ValidationError("--interval takes a number of seconds of at least 0.1") }
  }

  func run() async throws {
    let terminal = Terminal.standardOutput
    try requirePrograms()
    guard terminal.isTerminal, !once, !json else { return try await show(on: terminal) }
    let screen = Screen()
    while true {
      let statuses = try await statuses()
      if statuses.isEmpty { return }
      screen.draw(StatusView(statuses, on: terminal).lines)
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
    let statuses = try await statuses()
    if json {
      for status in statuses { try printJSON(status, pretty: false) }
    } else {
      for line in StatusView(statuses, on: terminal).lines { print(line) }
    }
  }

  /// One that ends while it is asked is one that has ended.
  private func statuses() async throws -> [ProgramStatus] {
    var statuses: [ProgramStatus] = []
    for program in ObservedProgram.all() where pids.isEmpty || pids.contains(program.osPID) {
      do {
        statuses.append(try await program.status(within: .seconds(5)))
      } catch let error as ClusterError where error.code == .notConnected {
        continue
      }
    }
    return statuses
  }
}
