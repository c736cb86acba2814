#if MPI
  import Glibc
  import Muster
  import MusterMPI

  /// Programs that run under mpirun; the tests run them by name.
  @main struct MPIPrograms: ClusterProgram {
    func run() async throws {
      let arguments = Array(CommandLine.arguments.dropFirst())
      guard let name = arguments.first, let scenario = Self.scenarios[name] else {
        throw Complaint(description: "no such scenario: \(arguments)")
      }
      try await scenario(Array(arguments.dropFirst()))
    }

    static let scenarios: [String: @Sendable ([String]) async throws -> Void] = [
      "speed": speed, "cluster": cluster, "returns": returns, "fails": fails, "workers": workersOf, "mpido": mpido,
      "absent": absent, "die": die, "lose": lose, "conformance": conformance, "soak": soak, "idle": idle,
      "silent": silent, "stopped": stopped, "funnel": funnel, "overlapping": overlapping, "sendrecv": sendrecv,
      "level": level, "initialised": initialised, "twice": twice,
    ]
  }

  struct Complaint: Error, CustomStringConvertible, Codable {
    let description: String
  }

  func check<Value: Equatable>(_ value: Value, is expected: Value, _ what: String) throws {
    guard value == expected else { throw Complaint(description: "\(what) is \(value) and should be \(expected)") }
  }

  func transport(_ arguments: [String], _ index: Int = 0) throws -> MPIManager.Transport {
    guard index < arguments.count, let transport = MPIManager.Transport(rawValue: arguments[index]) else {
      throw Complaint(description: "no transport: \(arguments)")
    }
    return transport
  }
#else
  /// Without MPI there is nothing to run.
  @main enum MPIPrograms {
    static func main() {}
  }
#endif
