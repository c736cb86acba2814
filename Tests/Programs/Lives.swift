import Glibc
import Muster

/// How a program can live and end.

@Sendable func idle(_ arguments: [String]) async throws {
  try await announce(try await addprocs(number(arguments, 0, default: 2)))
  try await waitForEver()
}

/// Workers on hosts: the path of ssh's configuration, and their names.
@Sendable func overSSH(_ arguments: [String]) async throws {
  var options = SSHOptions()
  options.sshflags = ["-F", arguments[0]]
  try await announce(try await addprocs(Array(arguments.dropFirst()), options: options))
  try await waitForEver()
}

struct ComputeForEver: RemoteAction {
  func callAsFunction() {
    var rounds = 0
    while rounds >= 0 { rounds = (rounds &+ 1) & 0xffff }
  }
}

/// Every thread a worker likes to have is computing.
@Sendable func busy(_ arguments: [String]) async throws {
  let pids = try await addprocs(number(arguments, 0, default: 2))
  let processes = pids
  try await announce(processes)
  for pid in pids { try await remoteDo(ComputeForEver(), on: pid) }
  for pid in pids { _ = try await remotecallFetch(OSProcess(), on: pid) }
  print("computing")
  try await waitForEver()
}

struct Work: RemoteFunction {
  func callAsFunction(_ x: Int) -> Int { x + 1 }
}

/// Calls without end.
@Sendable func calls(_ arguments: [String]) async throws {
  let pids = try await addprocs(number(arguments, 0, default: 2))
  try await announce(pids)
  while true { _ = try await pmap(Work(), 0..<1000) }
}

@Sendable func exitInTheMiddle(_ arguments: [String]) async throws {
  let pids = try await addprocs(2)
  try await announce(pids)
  exit(Int32(number(arguments, 0, default: 0)))
}

@Sendable func throwInTheMiddle(_ arguments: [String]) async throws {
  try await announce(try await addprocs(2))
  throw Complaint(description: "the program has a complaint")
}

/// The script of acceptance line 146: adds a worker, uses it, and ends.
@Sendable func returnFromRun(_ arguments: [String]) async throws {
  let pids = try await addprocs(1)
  print("result \(try await remotecallFetch(Work(), on: pids[0], 41))")
}

@Sendable func crash(_ arguments: [String]) async throws {
  try await announce(try await addprocs(2))
  var limit = rlimit(rlim_cur: 0, rlim_max: 0)
  setrlimit(__rlimit_resource_t(RLIMIT_CORE.rawValue), &limit)
  abort()
}

@Sendable func arguments(_ arguments: [String]) async throws {
  print("nprocs \(nprocs()) arguments \(CommandLine.arguments.dropFirst())")
}

@Sendable func remove(_ arguments: [String]) async throws {
  let pids = try await addprocs(3)
  _ = try await pmap(Work(), 1...100)
  try await rmprocs(pids[0])
  try await rmprocs(pids[1], pids[2], waitfor: .seconds(20))
  print("left \(workers())")
}

struct BlockAtExit: RemoteAction {
  let ignoresQuit: Bool

  func callAsFunction() {
    if ignoresQuit {
      signal(SIGQUIT, SIG_IGN)
    } else {
      signal(SIGQUIT) { _ in
        let answer: StaticString = "heard SIGQUIT\n"
        write(STDOUT_FILENO, answer.utf8Start, answer.utf8CodeUnitCount)
        _exit(0)
      }
    }
    atexit { while true { pause() } }
  }
}

/// - Parameter arguments: none for workers of this machine, or the path of ssh's configuration and a host.
@Sendable func stubborn(_ arguments: [String]) async throws {
  let patience: Duration = .milliseconds(500)
  let pids: [ProcessID]
  if arguments.isEmpty {
    pids = try await addprocs(LocalManager(2, exitTimeout: patience))
  } else {
    var options = SSHOptions()
    options.sshflags = ["-F", arguments[0]]
    let machine = MachineSpec(arguments[1], count: 2)
    pids = try await addprocs(SSHManager([machine], options: options, exitTimeout: patience))
  }
  try await announce(pids)
  try await remotecallFetch(BlockAtExit(ignoresQuit: false), on: pids[0]).discard()
  try await remotecallFetch(BlockAtExit(ignoresQuit: true), on: pids[1]).discard()
  do {
    try await rmprocs(pids, waitfor: .milliseconds(50))
    print("rmprocs did not complain")
  } catch let error as ClusterError {
    print("rmprocs: \(error.code): \(error)")
  }
  // Goes on by itself.
  while nworkers() > 1 || workers() != [1] { try await Task.sleep(for: .milliseconds(5)) }
  try await waitForChildren()
  print("removed")
}

extension Nothing { func discard() {} }

/// Until no child is left.
private func waitForChildren() async throws {
  for _ in 0..<4000 {
    // The Engine reaps them; WNOWAIT only looks.
    var info = siginfo_t()
    if waitid(P_ALL, 0, &info, WEXITED | WNOHANG | WNOWAIT) != 0 { return }
    try await Task.sleep(for: .milliseconds(5))
  }
  throw Complaint(description: "children are left")
}

/// A worker that is stopped is declared dead after the heartbeat's timeout, also when an earlier one was longer; one
/// that computes is not.
@Sendable func heartbeat(_ arguments: [String]) async throws {
  if arguments.first == "after-longer" { try await addprocs(1) }
  var options = AddprocsOptions()
  options.heartbeatTimeout = .seconds(1)
  let pids = try await addprocs(2, options: options)
  try await announce(pids)
  let process = try await remotecallFetch(OSProcess(), on: pids[0])
  try await remoteDo(ComputeForEver(), on: pids[1])
  let pending = try await remotecall(Sleep(), on: pids[0])
  kill(process, SIGSTOP)
  let start = ContinuousClock.now
  do {
    _ = try await pending.fetch()
  } catch let error as ProcessExitedError {
    print("lost \(error.pid == pids[0]) after \((ContinuousClock.now - start).components.seconds) s: \(error.reason)")
  }
  // The busy one has been silent in user code all the time.
  for _ in 0..<4 {
    try await Task.sleep(for: .seconds(1))
    print("busy one answers \(try await remotecallFetch(OSProcess(), on: pids[1]) > 0)")
  }
  print("still alive \(kill(process, 0) == 0)")
  try await rmprocs(workers())
}

struct Sleep: RemoteAction {
  func callAsFunction() async throws { try await Task.sleep(for: .seconds(3600)) }
}

/// Many things under way at once, until something is killed.
@Sendable func storm(_ arguments: [String]) async throws {
  let pids = try await addprocs(3)
  try await announce(pids)
  await withThrowingTaskGroup(of: Void.self) { group in
    group.addTask { while true { _ = try await pmap(Work(), 0..<500) } }
    group.addTask { while true { for pid in pids { try await remoteDo(Quiet(), on: pid) } } }
    group.addTask { while true { try await rmprocs(try await addprocs(1)) } }
    while let result = await group.nextResult() { if case .failure(let error) = result { print("failed: \(error)") } }
  }
}

struct Quiet: RemoteAction {
  func callAsFunction() {}
}

@Sendable func keepAdding(_ arguments: [String]) async throws {
  print("ready")
  while true {
    let pids = try await addprocs(2)
    _ = try await pmap(Work(), 0..<20)
    try await rmprocs(pids)
  }
}

@Sendable func progress(_ arguments: [String]) async throws {
  try await addprocs(2)
  let results = try await pmap(Work(), 0..<200, progress: .bar)
  print("sum \(results.reduce(0, +))")
}
