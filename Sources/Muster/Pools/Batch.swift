/// One message of `pmap`: several items, of which each has a result or an error.
struct Batch<F: RemoteFunction>: RemoteFunction {
  let function: F

  func callAsFunction(_ inputs: [F.Input]) async -> BatchResult<F.Output> {
    await BatchRun(function: function, inputs: inputs).run()
  }
}

/// The results of a batch; where an item has failed its value is absent and its error is listed.
struct BatchResult<Output: Codable & Sendable>: Codable, Sendable {
  var values: [Output]
  /// The positions of the failed items, in order.
  var failedPositions: [Int] = []
  var failures: [BatchFailure] = []

  init(values: [Output], failures: [Int: BatchFailure]) {
    self.values = values
    failedPositions = failures.keys.sorted()
    self.failures = failedPositions.map { failures[$0]! }
  }

  var count: Int { values.count + failures.count }

  /// One result for each item.
  func results() -> [Result<Output, any Error>] {
    var results: [Result<Output, any Error>] = []
    results.reserveCapacity(values.count + failures.count)
    var nextValue = 0
    var nextFailure = 0
    for position in 0..<(values.count + failures.count) {
      if nextFailure < failedPositions.count, failedPositions[nextFailure] == position {
        results.append(.failure(failures[nextFailure].error))
        nextFailure += 1
      } else {
        results.append(.success(values[nextValue]))
        nextValue += 1
      }
    }
    return results
  }
}

/// An item's error, encoded as any other remote error.
struct BatchFailure: Codable, Sendable {
  let bytes: [UInt8]

  init(_ error: any Error) {
    let writer = FrameWriter()
    var failure = RemoteFailure(error, backtrace: Backtrace.ofLatestThrow())
    do {
      try failure.write(to: writer)
    } catch {
      failure.error = nil
      writer.reset()
      // Without the error value there are only strings, which can always be written.
      try? failure.write(to: writer)
    }
    bytes = writer.withUnsafeBytes { Array($0) }
  }

  var error: any Error {
    do {
      return try bytes.withUnsafeBytes { buffer in
        var reader = FrameReader(buffer)
        return try RemoteFailure.read(from: &reader)
      }
    } catch {
      return error
    }
  }
}
