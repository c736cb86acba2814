#if MPI
  import Glibc
  import Muster

  /// The life of a rank that an `MPIWorkerManager` has started.
  enum MPIWorker: WorkerEntry {
    /// Not a secret; it has to be known before the ranks can tell each other anything.
    static let levelVariable = "MUSTER_MPI_THREAD_LEVEL"

    /// For the standard input of the launcher, which gives it to rank 0: the invitation of that, and a line with the
    /// ticket of each other.
    static func input(_ request: LaunchRequest) -> String {
      request.invitation(for: request.workers[0])
        + request.workers.dropFirst().map { "\($0.ticket)\n" }.joined()
    }

    /// The same invitation with another ticket.
    static func invitation(_ text: String, withTicket ticket: String) -> String {
      text.split(separator: "\n", omittingEmptySubsequences: false).map { line in
        line.hasPrefix("ticket=") ? "ticket=\(ticket)" : String(line)
      }.joined(separator: "\n")
    }

    static func serve() async -> Never {
      do {
        hideWorkerFlag()
        let level = getenv(levelVariable).flatMap { Int(String(cString: $0)) }.flatMap(ThreadLevel.init(rawValue:))
        let world = try MPIWorld.start(level ?? .multiple)
        await serveCluster(invitation: try world.rank == 0 ? distribute(world) : world.receiveText())
      } catch {
        say("muster worker: \(error)")
        exit(1)
      }
    }

    /// Rank 0 gives every other rank its invitation, over MPI, and returns its own.
    private static func distribute(_ world: MPIWorld) throws -> String {
      let own = readStandardInput(until: "\n\n")
      for rank in 1..<max(1, world.size) {
        let ticket = readStandardInput(until: "\n").filter { $0 != "\n" }
        try world.send(invitation(own, withTicket: ticket), to: rank)
      }
      return own
    }
  }
#endif
