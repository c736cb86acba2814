import ArgumentParser
import Muster

/// `muster kill`
struct Kill: AsyncParsableCommand {
  static let configuration = CommandConfiguration(
    abstract: "Ends a running program cleanly: its workers leave first.",
    usage: "muster kill <pid> ... | --all [--grace <seconds>]",
    discussion: """
      EXAMPLES:
        muster kill 4711             the program that muster status shows so
        muster kill --all            all programs of yours on this node
        muster kill 4711 --grace 60  which may take a minute for it

      The program removes its workers and exits with status 143. If it has not after the time of grace it gets SIGTERM, and \
      3 s later SIGKILL; workers end with their program in any case.
      """)

  @Argument(help: ArgumentHelp("Process ids of programs (of their process 1).", valueName: "pid"))
  var pids: [Int32] = []

  @Flag(help: "All programs of this user on this node.")
  var all = false

  @Option(help: ArgumentHelp("How long a program may take to end by itself.", valueName: "seconds"))
  var grace = 15.0

  func validate() throws {
    guard all != !pids.isEmpty else { throw ValidationError("say which programs: their process ids, or --all") }
    try requireSeconds(grace, "--grace", from: 0)
  }

  func run() async throws {
    let programs = ObservedProgram.all()
    if let stranger = pids.first(where: { pid in !programs.contains { $0.osPID == pid } }) {
      throw ValidationError("there is no program with workers that has the process id \(stranger)")
    }
    let grace = Duration.seconds(grace)
    let survivors = await withTaskGroup(of: Bool.self) { group in
      for program in programs where all || pids.contains(program.osPID) {
        group.addTask { await Self.end(program, grace) }
      }
      return await group.reduce(0) { $0 + ($1 ? 0 : 1) }
    }
    if survivors > 0 { throw ExitCode(1) }
  }

  /// - Returns: whether it has ended.
  private static func end(_ program: ObservedProgram, _ grace: Duration) async -> Bool {
    do {
      switch try await program.end(patience: grace) {
      case .clean: print("\(program.osPID) has ended")
      case .terminated: print("\(program.osPID) did not end by itself: SIGTERM has ended it")
      case .killed: print("\(program.osPID) did not end by itself nor by SIGTERM: SIGKILL has ended it")
      }
      return true
    } catch let error as ClusterError where error.code == .notConnected {
      print("\(program.osPID) has ended")
      return true
    } catch {
      printError((error as? ClusterError)?.message ?? "\(error)")
      return false
    }
  }
}
