import Testing

@testable import Muster

@Test func `a promise is fulfilled once`() async throws {
  let promise = Promise<Int>()
  #expect(promise.result == nil)
  #expect(promise.fulfil(.success(1)))
  #expect(!promise.fulfil(.success(2)) && !promise.fulfil(.failure(Untold())))
  #expect(try await promise.wait().get() == 1)
  #expect(try promise.result?.get() == 1)
}

@Test func `many tasks that wait are all told, those that come later too`() async throws {
  let promise = Promise<Int>()
  let arrived = Counter()
  let tasks = (0..<200).map { number in
    Task {
      arrived.increment()
      return try await promise.wait().get() + number
    }
  }
  await eventually("tasks did not start") { arrived.value == 200 }
  promise.fulfil(.success(1_000))
  for (number, task) in tasks.enumerated() { #expect(try await task.value == 1_000 + number) }
  #expect(try await promise.wait().get() == 1_000)
}

@Test func `a failure is told as it is`() async throws {
  let promise = Promise<Int>()
  let waiter = Task { try await promise.wait() }
  promise.fulfil(.failure(Complaint(text: "x")))
  let result = try await waiter.value
  #expect(throws: Complaint(text: "x")) { try result.get() }
}

@Test func `cancelling one of those that wait ends its waiting alone`() async throws {
  let promise = Promise<Int>()
  let others = (0..<3).map { _ in Task { try await promise.wait().get() } }
  let cancelled = Task { try await promise.wait().get() }
  cancelled.cancel()
  await #expect(throws: CancellationError.self) { try await cancelled.value }
  promise.fulfil(.success(5))
  for task in others { #expect(try await task.value == 5) }
}

@Test func `a cancelled task gets a value that is there`() async throws {
  let promise = Promise<Int>(.success(3))
  let task = Task {
    withUnsafeCurrentTask { $0?.cancel() }
    return try await promise.wait().get()
  }
  #expect(try await task.value == 3)
}

@Test func `fulfilling and cancelling at the same time resumes everybody once`() async throws {
  for _ in 0..<200 {
    let promise = Promise<Int>()
    let task = Task { try await promise.wait().get() }
    async let fulfilled = Task.detached { promise.fulfil(.success(1)) }.value
    async let cancelled: Void = Task.detached { task.cancel() }.value
    _ = await (fulfilled, cancelled)
    do {
      #expect(try await task.value == 1)
    } catch {
      #expect(error is CancellationError)
    }
  }
}
