import Glibc
import Muster

/// What workers print.

/// Prints numbered lines on both streams, all at once, and may leave the last one without an end.
struct PrintLines: RemoteAction {
  let count: Int
  let partial: Bool

  func callAsFunction() {
    for index in 0..<count {
      print("line \(index) of \(myid()) \(String(repeating: "x", count: index % 200))")
      if index % 10 == 0 { say("error \(index / 10) of \(myid())\n") }
    }
    if partial {
      print("no end", terminator: "")
      fflush(nil)
    }
  }
}

/// On standard error.
func say(_ text: String) {
  var text = text
  text.withUTF8 { _ = write(STDERR_FILENO, $0.baseAddress!, $0.count) }
}

struct ExitNow: RemoteAction {
  let code: Int32
  func callAsFunction() { exit(code) }
}

/// - Parameter arguments: how many workers, how many lines each, and what then: "leave" (the program ends at once),
///   "exit" (each worker exits by itself), "remove".
@Sendable func output(_ arguments: [String]) async throws {
  let pids = try await addprocs(number(arguments, 0, default: 1))
  let function = PrintLines(count: number(arguments, 1, default: 10), partial: true)
  let end = arguments.count > 2 ? arguments[2] : "leave"
  var futures: [Future<Nothing>] = []
  for pid in pids { futures.append(try await remotecall(function, on: pid)) }
  for future in futures { _ = try await future.fetch() }
  switch end {
  case "exit":
    for pid in pids {
      do { _ = try await remotecallFetch(ExitNow(code: 7), on: pid) } catch { print("worker ended: \(error)") }
    }
  case "remove": try await rmprocs(pids)
  default: break
  }
}

struct Fail: RemoteAction {
  func callAsFunction() throws { throw Complaint(description: "nobody waits for this") }
}

@Sendable func remoteDoError(_ arguments: [String]) async throws {
  let pids = try await addprocs(1)
  try await remoteDo(Fail(), on: pids[0])
  _ = try await remotecallFetch(OSProcess(), on: pids[0])
  try await remoteDo(Quiet(), on: pids[0])
  // Until the test has seen it: what has not finished when the program ends is not heard of.
  try await waitForEver()
}
