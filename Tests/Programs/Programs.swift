import Glibc
import Muster

/// Programs that have to be process 1 themselves; the tests run them by name.
@main enum Entry {
  static func main() async {
    // What happens to a program that forgets `becomeWorkerIfLaunchedAsOne`.
    if getenv("CLUSTER_PROGRAM_FORGETS") != nil {
      do { try await addprocs(1) } catch {
        print("\(error)")
        exit(3)
      }
      exit(0)
    }
    // Here and at once: valgrind does not survive how Dispatch ends the main thread when this suspends. And not by an
    // argument: Swift reads the command line once, and Muster's own words are still in it here.
    if let paths = getenv("CLUSTER_PROGRAM_TOPOLOGIES") {
      topologies(String(cString: paths).split(separator: ":").map(String.init))
      exit(0)
    }
    await Programs.main()
  }
}

struct Programs: ClusterProgram {
  func run() async throws {
    let arguments = Array(CommandLine.arguments.dropFirst())
    guard let name = arguments.first, let scenario = Self.scenarios[name] else {
      throw Complaint(description: "no such scenario: \(arguments)")
    }
    try await scenario(Array(arguments.dropFirst()))
  }

  static let scenarios: [String: @Sendable ([String]) async throws -> Void] = [
    "idle": idle, "busy": busy, "calls": calls, "exit": exitInTheMiddle, "throw": throwInTheMiddle,
    "return": returnFromRun,
    "crash": crash, "arguments": arguments, "output": output, "remove": remove, "stubborn": stubborn,
    "heartbeat": heartbeat, "remoteDoError": remoteDoError, "storm": storm, "progress": progress,
    "addprocs": keepAdding, "overSSH": overSSH, "slurm": slurm, "pbs": pbs,
    "losesAWorker": losesAWorker, "failsInTheEnd": failsInTheEnd, "logsOnAWorker": logsOnAWorker,
    "recordsEvents": recordsEvents,
  ]
}

struct Complaint: Error, CustomStringConvertible, Codable {
  let description: String
}

func number(_ arguments: [String], _ index: Int, default value: Int) -> Int {
  index < arguments.count ? Int(arguments[index]) ?? value : value
}

/// For ever, or until somebody kills us.
func waitForEver() async throws { while true { try await Task.sleep(for: .seconds(3600)) } }

struct OSProcess: RemoteThunk {
  func callAsFunction() -> Int32 { getpid() }
}

/// Says that the workers are there, with their process ids.
func announce(_ pids: [ProcessID]) async throws {
  var processes: [String] = []
  for pid in pids { processes.append(String(try await remotecallFetch(OSProcess(), on: pid))) }
  print("ready \(processes.joined(separator: " "))")
}
