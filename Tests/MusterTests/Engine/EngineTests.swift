import CMuster
import Glibc
import Logging
import Synchronization
import Testing

@testable import Muster

/// An Engine that is stopped when the test is through.
private func withEngine<Result>(
  spin: Duration = .microseconds(80), _ body: (Engine) async throws -> Result
) async rethrows -> Result {
  let engine = Engine(spin: spin, logger: quietLogger)
  defer { engine.stop() }
  return try await body(engine)
}

private func run<Result: Sendable>(
  on engine: Engine, _ body: @escaping @Sendable () async -> Result
) -> Task<Result, Never> {
  Task(executorPreference: engine, operation: body)
}

/// A source that counts how often it was asked; it has no descriptor.
private final class SignalledSource: IOSource {
  let reads = Counter()
  let writes = Counter()
  func readable() -> Bool {
    reads.increment()
    return true
  }
  func writable() { writes.increment() }
}

/// Reads what comes through a pipe.
private final class PipeSource: IOSource {
  let descriptor: Int32
  let received = Recorder<UInt8>()

  init(descriptor: Int32) { self.descriptor = descriptor }

  func readable() -> Bool {
    var byte: UInt8 = 0
    guard read(descriptor, &byte, 1) == 1 else { return false }
    received.append(byte)
    return true
  }
}

private func threadName(_ thread: Int32) -> String? {
  readSmallFile("/proc/self/task/\(thread)/comm")?.split(separator: "\n").first.map(String.init)
}

/// Blocks `count` jobs until all of them are blocked at once, and returns the threads they run on.
private func threadsOfBlockedJobs(_ count: Int, on engine: Engine) async -> [Int32] {
  let arrived = Counter()
  let tasks = (0..<count).map { _ in
    run(on: engine) { () -> Int32 in
      arrived.increment()
      while arrived.value < count { usleep(1_000) }
      return gettid()
    }
  }
  var threads: [Int32] = []
  for task in tasks { threads.append(await task.value) }
  return threads
}

@Test(arguments: [Duration.zero, .microseconds(80)])
func `jobs from inside and outside run on the Engine's own threads`(spin: Duration) async {
  await withEngine(spin: spin) { engine in
    #expect(!engine.isCurrentThread)
    let sums = await run(on: engine) { () -> [Int] in
      guard engine.isCurrentThread else { return [] }
      let inner = (0..<100).map { number in
        run(on: engine) { engine.isCurrentThread ? number : -1_000_000 }
      }
      var values: [Int] = []
      for task in inner { values.append(await task.value) }
      return engine.isCurrentThread ? values : []
    }.value
    #expect(sums == Array(0..<100))

    // Many threads that are not the Engine's enqueue at once.
    let total = await withTaskGroup(of: Int.self) { group in
      for number in 0..<200 { group.addTask { await run(on: engine) { number }.value } }
      return await group.reduce(0, +)
    }
    #expect(total == 199 * 100)
  }
}

@Test func `an Engine that has gone to sleep wakes for a job`() async {
  await withEngine(spin: .zero) { engine in
    await eventually("the Engine never slept") { engine.isBlocked.load(ordering: .sequentiallyConsistent) }
    #expect(await run(on: engine) { 7 }.value == 7)
  }
}

@Test func `two Engines of one process keep their jobs apart`() async {
  await withEngine { first in
    await withEngine { second in
      let isRight = await run(on: first) {
        let other = await run(on: second) { second.isCurrentThread && !first.isCurrentThread }.value
        return other && first.isCurrentThread && !second.isCurrentThread
      }.value
      #expect(isRight)
    }
  }
}

@Test func `timers fire in order, on a thread of the Engine, and not when cancelled`() async throws {
  try await withEngine { engine in
    let record = Recorder<Int>()
    let done = Promise<Bool>()
    // In an action of the Engine's, so that none of them fires before all are there, however long that takes.
    engine.schedule(after: .zero) {
      let start = muster_now()
      engine.schedule(after: .seconds(3_600)) { record.append(3) }
      engine.schedule(after: .seconds(-1)) { record.append(-1) }
      engine.cancel(engine.schedule(after: .milliseconds(5)) { record.append(0) })
      engine.schedule(after: .milliseconds(10)) { record.append(1) }
      engine.schedule(after: .milliseconds(20)) {
        record.append(2)
        done.fulfil(.success(engine.isCurrentThread && muster_now() &- start >= 20_000_000))
      }
    }
    let isRight = try await done.wait().get()
    #expect(isRight)
    #expect(record.elements == [-1, 1, 2])
  }
}

@Test func `a timer may make another and cancel itself`() async throws {
  try await withEngine { engine in
    let done = Promise<Int>()
    @Sendable func step(_ left: Int) {
      guard left > 0 else {
        done.fulfil(.success(42))
        return
      }
      let id = engine.schedule(after: .microseconds(100)) { step(left - 1) }
      engine.cancel(id)
      engine.schedule(after: .microseconds(100)) { step(left - 1) }
    }
    step(20)
    let value = try await done.wait().get()
    #expect(value == 42)
  }
}

@Test func `a job that blocks stops neither other jobs, timers nor sources`() async throws {
  try await withEngine { engine in
    let isBlocking = Promise<Bool>()
    let isReleased = Atomic<Bool>(false)
    let blocked = run(on: engine) {
      isBlocking.fulfil(.success(true))
      // Longer than the watchdog's patience; ends only once everything else has happened meanwhile.
      var waited = 0
      while !isReleased.load(ordering: .sequentiallyConsistent), waited < 10_000 {
        usleep(3_000)
        waited += 1
      }
      return isReleased.load(ordering: .sequentiallyConsistent)
    }
    _ = try await isBlocking.wait()
    for number in 0..<100 { #expect(await run(on: engine) { number }.value == number) }
    let timer = Promise<Bool>()
    engine.schedule(after: .milliseconds(1)) { timer.fulfil(.success(true)) }
    _ = try await timer.wait()
    let source = SignalledSource()
    engine.signal(source)
    await eventually("the source was not asked") { source.reads.value > 0 }
    isReleased.store(true, ordering: .sequentiallyConsistent)
    #expect(await blocked.value)
  }
}

@Test func `jobs queued behind one that blocks run meanwhile`() async {
  await withEngine { engine in
    let done = Counter()
    // The job enqueues from inside, where the Engine's own thread is expected to look for jobs next, and then blocks.
    let finished = await run(on: engine) { () -> Int in
      for _ in 0..<50 { _ = run(on: engine) { done.increment() } }
      var waited = 0
      while done.value < 50, waited < 10_000 {
        usleep(3_000)
        waited += 1
      }
      return done.value
    }.value
    #expect(finished == 50)
  }
}

@Test func `two hundred jobs that block all finish, on at most 64 threads`() async {
  await withEngine { engine in
    let running = Counter()
    let threads = Mutex(Set<Int32>())
    let tasks = (0..<200).map { _ in
      run(on: engine) {
        usleep(20_000)
        threads.withLock { _ = $0.insert(gettid()) }
        running.increment()
      }
    }
    for task in tasks { _ = await task.value }
    #expect(running.value == 200)
    let count = threads.withLock { $0.count }
    #expect(count > 1 && count <= Engine.maximumThreads)
    #expect(engine.shared.withLock { $0.threads } <= Engine.maximumThreads)
  }
}

@Test func `a source without a descriptor is called when it is signalled`() async {
  await withEngine { engine in
    let source = SignalledSource()
    await eventually("the Engine never slept") { engine.isBlocked.load(ordering: .sequentiallyConsistent) }
    engine.signal(source)
    await eventually("not signalled") { source.reads.value == 1 && source.writes.value == 1 }
    engine.signal(source)
    engine.signal(source)
    await eventually("not signalled again") { source.reads.value == 3 }
  }
}

@Test func `a source with a descriptor is called while it is watched`() async throws {
  try await withEngine { engine in
    let pipe = try Pipe()
    let source = PipeSource(descriptor: pipe.reader)
    try engine.poller.add(source, descriptor: pipe.reader)
    var byte: UInt8 = 1
    #expect(write(pipe.writer, &byte, 1) == 1)
    await eventually("nothing was read") { source.received.elements == [1] }
    engine.poller.setInterest(descriptor: pipe.reader, input: false, output: false)
    byte = 2
    #expect(write(pipe.writer, &byte, 1) == 1)
    // A job and a signal pass the poller meanwhile; the pipe is not looked at.
    let other = SignalledSource()
    engine.signal(other)
    await eventually("not signalled") { other.reads.value == 1 }
    #expect(source.received.elements == [1])
    engine.poller.setInterest(descriptor: pipe.reader, input: true, output: false)
    await eventually("nothing more was read") { source.received.elements == [1, 2] }
    engine.poller.remove(descriptor: pipe.reader)
    #expect(throws: ClusterError.self) { try engine.poller.add(source, descriptor: -1) }
  }
}

@Test func `what is dirty is flushed before the Engine waits`() async {
  final class Dirty: Flushable {
    let flushes = Counter()
    func flush() { flushes.increment() }
  }
  await withEngine { engine in
    let fromOutside = Dirty()
    engine.flushSoon(fromOutside)
    await eventually("not flushed") { fromOutside.flushes.value == 1 }
    let fromInside = Dirty()
    await run(on: engine) { engine.flushSoon(fromInside) }.value
    await eventually("not flushed") { fromInside.flushes.value == 1 }
  }
}

@Test func `stopping ends every thread, also those that were in a job`() async {
  let engine = Engine(logger: quietLogger)
  let threads = await threadsOfBlockedJobs(8, on: engine)
  #expect(Set(threads).count == 8)
  for thread in threads { #expect(threadName(thread)?.hasPrefix("muster-") == true) }

  let isBlocking = Promise<Bool>()
  let isReleased = Atomic<Bool>(false)
  let last = run(on: engine) { () -> Int32 in
    isBlocking.fulfil(.success(true))
    while !isReleased.load(ordering: .sequentiallyConsistent) { usleep(1_000) }
    return gettid()
  }
  _ = try? await isBlocking.wait()
  engine.stop()
  isReleased.store(true, ordering: .sequentiallyConsistent)
  let lastThread = await last.value
  await eventually("threads are left") {
    (threads + [lastThread]).allSatisfy { threadName($0)?.hasPrefix("muster-") != true }
  }
  engine.addThread()
  #expect(engine.shared.withLock { $0.isStopped })
}

/// Says nothing.
let quietLogger = Logger(label: "test") { _ in SwiftLogNoOpLogHandler() }

/// The number of the calling thread; Swift has no gettid.
private func gettid() -> Int32 {
  readLink("/proc/thread-self").flatMap { $0.split(separator: "/").last }.flatMap { Int32($0) } ?? -1
}
