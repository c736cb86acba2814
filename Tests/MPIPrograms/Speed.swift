#if MPI
  import CMPI
  import Glibc
  import Muster
  import MusterMPI

  struct Increment: RemoteFunction {
    func callAsFunction(_ x: Int) -> Int { x + 1 }
  }

  struct Swallow: RemoteFunction {
    func callAsFunction(_ x: Int) -> Nothing { Nothing() }
  }

  struct Echo: RemoteFunction {
    func callAsFunction(_ values: [Double]) -> [Double] { values }
  }

  /// MPI's own speed, and Muster's over it, in one run: `mpirun -n 2 MPIPrograms speed [CALLS [only]]`.
  func speed(_ arguments: [String]) async throws {
    var provided: Int32 = 0
    MPI_Init_thread(nil, nil, Int32(MPI_THREAD_MULTIPLE), &provided)
    let rank = muster_mpi_rank(muster_mpi_world())
    if rank < 2 { rawSpeed(rank) }
    let manager = try await startMainLoop(.mpiTransportAll)
    let worker: ProcessID = 2
    let clock = ContinuousClock()

    let calls = Int(arguments.first ?? "50000")!
    for _ in 0..<(calls / 10) { _ = try await remotecallFetch(Increment(), on: worker, 1) }
    var times: [Double] = []
    for _ in 0..<calls {
      let time = try await clock.measure { _ = try await remotecallFetch(Increment(), on: worker, 1) }
      times.append(time / .microseconds(1))
    }
    times.sort()
    print("muster call: median \(times[times.count / 2]) µs, p99 \(times[times.count * 99 / 100]) µs")

    if arguments.count > 1 { return try await stopMainLoop(manager) }
    let count = 20 * calls
    let time = try await clock.measure {
      for index in 0..<count { try await remoteDo(Swallow(), on: worker, index) }
      _ = try await remotecallFetch(Increment(), on: worker, 1)
    }
    print("muster remoteDo: \(Double(count) / (time / .seconds(1)) / 1e6) M/s")

    for (size, repetitions) in [(1 << 20, 200), (64 << 20, 8)] {
      let values = [Double](repeating: 1, count: size / 8)
      for _ in 0..<3 { _ = try await remotecallFetch(Echo(), on: worker, values) }
      var best = Duration.seconds(1000)
      for _ in 0..<repetitions {
        best = min(best, try await clock.measure { _ = try await remotecallFetch(Echo(), on: worker, values) })
      }
      print("muster \(size >> 20) MiB: \(Double(2 * size) / (best / .seconds(1)) / 1e9) GB/s")
    }
    try await stopMainLoop(manager)
  }

  private func rawSpeed(_ rank: Int32) {
    for (size, repetitions) in [(8, 50_000), (1 << 20, 200), (64 << 20, 8)] {
      let buffer = UnsafeMutableRawPointer.allocate(byteCount: size, alignment: 64)
      buffer.initializeMemory(as: UInt8.self, repeating: 1, count: size)
      defer { buffer.deallocate() }
      var times: [Double] = []
      for _ in 0..<repetitions {
        let start = ContinuousClock.now
        if rank == 0 {
          muster_mpi_send(buffer, Int32(size), 1, 0, muster_mpi_world())
          muster_mpi_receive(buffer, Int32(size), 1, 0, muster_mpi_world())
        } else {
          muster_mpi_receive(buffer, Int32(size), 0, 0, muster_mpi_world())
          muster_mpi_send(buffer, Int32(size), 0, 0, muster_mpi_world())
        }
        times.append((ContinuousClock.now - start) / .microseconds(1))
      }
      times.sort()
      guard rank == 0 else { continue }
      if size == 8 {
        print("raw ping-pong: median \(times[times.count / 2]) µs, p99 \(times[times.count * 99 / 100]) µs")
      } else {
        print("raw \(size >> 20) MiB: \(Double(2 * size) / times[0] / 1e3) GB/s")
      }
    }
  }
#endif
