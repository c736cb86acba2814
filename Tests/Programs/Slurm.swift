import Glibc
import Muster

struct HostName: RemoteThunk {
  func callAsFunction() -> String {
    withUnsafeTemporaryAllocation(of: CChar.self, capacity: 256) { buffer in
      gethostname(buffer.baseAddress!, buffer.count) == 0 ? String(cString: buffer.baseAddress!) : ""
    }
  }
}

/// Says something on both of its streams.
struct Print: RemoteAction {
  func callAsFunction() {
    print("this is worker \(myid())")
    let complaint = "this is worker \(myid()), complaining\n"
    write(STDERR_FILENO, complaint, complaint.utf8.count)
  }
}

/// What a process may run on.
struct OwnCPUs: RemoteThunk {
  func callAsFunction() throws -> String { try HardwareTopology.thisMachine().allowed.description }
}

struct SlowSquare: RemoteFunction {
  let milliseconds: Int

  func callAsFunction(_ x: Int) async throws -> Int {
    try await Task.sleep(for: .milliseconds(milliseconds))
    return x * x
  }
}

/// Takes a GiB, bit by bit, and keeps it for a while.
struct UseMemory: RemoteThunk {
  func callAsFunction() async throws -> Int {
    var blocks: [[UInt8]] = []
    while blocks.count < 32 {
      blocks.append(Array(repeating: UInt8(truncatingIfNeeded: blocks.count + 1), count: 32 << 20))
      try await Task.sleep(for: .milliseconds(20))
    }
    try await Task.sleep(for: .seconds(10))
    return blocks.reduce(0) { $0 + Int($1[0]) }
  }
}

private func hosts(_ pids: [ProcessID]) async throws -> String {
  var names: [String] = []
  for pid in pids { names.append(try await remotecallFetch(HostName(), on: pid)) }
  return names.joined(separator: " ")
}

private func say(_ pids: [ProcessID]) async throws {
  print("workers \(pids.map(\.description).joined(separator: " ")) on \(try await hosts(pids))")
}

/// - Parameter arguments: words that say what to do one after the other.
@Sendable func slurm(_ arguments: [String]) async throws {
  for argument in arguments {
    let words = argument.split(separator: " ").map(String.init)
    switch words[0] {
    case "add": try await say(addprocs(SlurmManager()))
    case "part":
      try await say(addprocs(SlurmManager(ntasks: Int(words[1]), nodelist: words.count > 2 ? [words[2]] : nil)))
    case "bound": try await say(addprocs(SlurmManager(binding: .srun("cores"))))
    case "reserve":
      var options = AddprocsOptions()
      options.reservedCores = 1
      try await say(addprocs(SlurmManager(ntasks: Int(words[1])), options: options))
    case "options": try await say(addprocs(SlurmManager(srun: Array(words.dropFirst()))))
    case "outside":
      try await say(addprocs(SlurmManager(ntasks: Int(words[1]), srun: Array(words.dropFirst(2)))))
    case "all": try await say(workers())
    case "map":
      let squares = try await pmap(SlowSquare(milliseconds: Int(words[2])!), 0..<Int(words[1])!)
      print("sum \(squares.reduce(0, +))")
    case "retry":
      let squares = try await pmap(
        SlowSquare(milliseconds: Int(words[2])!), 0..<Int(words[1])!, retryDelays: [.zero, .zero, .zero])
      print("sum \(squares.reduce(0, +)) with \(nworkers())")
    case "part-map":
      let part = try await pmap(
        SlowSquare(milliseconds: Int(words[2])!), 0..<Int(words[1])!, stopBefore: .seconds(Int(words[3])!),
        journal: words.count > 4 ? words[4] : nil)
      print("done \(part.values.count - part.left.count) left \(part.left.count)")
      if !part.isComplete { exit(75) }
    case "time": print("time left \(await timeLeft().map { "\($0.components.seconds)" } ?? "none")")
    case "print": for pid in workers() { try await remotecallFetch(Print(), on: pid).discard() }
    case "cpus":
      for pid in workers() { print("worker \(pid) may use \(try await remotecallFetch(OwnCPUs(), on: pid))") }
    case "memory":
      do { _ = try await remotecallFetch(UseMemory(), on: workers()[0]) } catch { print("lost: \(error)") }
    case "wait-for-loss":
      print("ready")
      do {
        _ = try await remotecallFetch(Sleep(), on: workers()[Int(words[1])!])
      } catch {
        print("lost: \(error)")
      }
    case "warning":
      print("listening")
      for await warning in allocationWarnings() {
        print("warned: \(warning)")
        break
      }
    case "remove":
      try await rmprocs(workers())
      print("removed \(nprocs())")
    case "heartbeat":
      var options = AddprocsOptions()
      options.heartbeatTimeout = .seconds(Int(words[1])!)
      try await say(addprocs(SlurmManager(), options: options))
    case "timeout":
      var options = AddprocsOptions()
      options.timeout = .seconds(Int(words[1])!)
      do { try await addprocs(SlurmManager(), options: options) } catch { print("failed: \(error)") }
    case "wait":
      print("ready")
      try await waitForEver()
    default: throw Complaint(description: "slurm: what is '\(argument)'?")
    }
  }
}
