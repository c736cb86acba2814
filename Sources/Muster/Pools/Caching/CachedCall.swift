/// Calls a function value that was sent before, or is fetched now.
struct CachedCall<F: RemoteFunction>: RemoteFunction {
  let key: FunctionKey
  /// The process that offers the function while the call lasts.
  let source: ProcessID

  func callAsFunction(_ input: F.Input) async throws -> F.Output {
    try await Cluster.current.function(key, of: source, as: F.self)(input)
  }

  /// The function is looked up once for many items.
  static func _drive(_ batch: BatchRun<Self>) async {
    guard let first = batch.take() else { return }
    let function: F
    do {
      let call = batch.function
      function = try await Cluster.current.function(call.key, of: call.source, as: F.self)
    } catch {
      // Whatever is taken later fails likewise, or does not.
      return batch.fail(error, at: first)
    }
    var next: Int? = first
    while let position = next {
      do {
        (batch.values + position).initialize(to: try await function(batch.inputs[position]))
      } catch {
        batch.fail(error, at: position)
      }
      next = batch.take()
    }
  }
}

/// Asks who offers a function for its content.
struct FetchFunction: RemoteThunk, InternalFunction {
  let key: FunctionKey
  let worker: ProcessID

  func callAsFunction() throws -> FunctionContent {
    let cluster = Cluster.current
    guard let offer = cluster.offeredFunctions[key] else {
      throw ClusterError(
        .invalidArgument, "process \(cluster.myid) has given up the call for which it offered a function")
    }
    offer.cache?.add(key.name, at: worker)
    return offer.content
  }
}

/// Forgets the functions that are kept for a `CachingPool`.
struct ClearFunctions: RemoteAction, InternalFunction {
  let cache: RRID
  /// The pool has ended: what is still on its way for it is not kept for it, either.
  let isForGood: Bool

  func callAsFunction() { Cluster.current.storedFunctions.clear(cache, forGood: isForGood) }
}

extension Cluster {
  /// The function value of a name: kept here, or fetched from who offers it.
  ///
  /// - Throws: `ClusterError` `.cannotDecode`; `ProcessExitedError`; `CancellationError`.
  func function<F: RemoteFunction>(_ key: FunctionKey, of source: ProcessID, as type: F.Type) async throws -> F {
    if let function = storedFunctions.find(key) as? F { return function }
    if source == myid, let function = offeredFunctions[key]?.function as? F { return function }
    while true {
      let (promise, isNew) = storedFunctions.arrival(of: key, from: source)
      // A task of its own: the call that is the first to need the function may be cancelled, and others not.
      if isNew { task { [self] in await fetchFunction(key, from: source, as: type) } }
      do {
        guard let function = try await promise.wait().get() as? F else {
          throw ClusterError(.cannotDecode, "the function that process \(source) sent is no \(F.self)")
        }
        return function
      } catch {
        // It was asked for on behalf of another call, which may have been given up by then; this one has not.
        if isNew || Task.isCancelled { throw error }
      }
    }
  }

  private func fetchFunction<F: RemoteFunction>(_ key: FunctionKey, from source: ProcessID, as type: F.Type) async {
    do {
      let content = try await call(FetchFunction(key: key, worker: myid), on: source, Nothing())
      let function = try decode(content, as: type)
      storedFunctions.arrived(key, from: source, .success((function, content.byteCount)))
    } catch {
      storedFunctions.arrived(key, from: source, .failure(error))
    }
  }

  private func decode<F: RemoteFunction>(_ content: FunctionContent, as type: F.Type) throws -> F {
    do {
      return try content.decode(as: type)
    } catch {
      throw ClusterError(
        .cannotDecode, "process \(myid) cannot decode the call of \(String(reflecting: F.self)): \(error)",
        cause: error)
    }
  }

  /// Has processes forget what they keep for a `CachingPool`; those that have gone keep nothing.
  func clearFunctions(of cache: RRID, on pids: [ProcessID], forGood: Bool) async {
    await withDiscardingTaskGroup { group in
      for pid in pids {
        group.addTask { [self] in
          _ = try? await call(ClearFunctions(cache: cache, isForGood: forGood), on: pid, Nothing())
        }
      }
    }
  }
}
