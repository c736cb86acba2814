#if MPI
  import CMPI
  import HeatModel
  import Muster
  import MusterMPI

  /// Solves the equation on all ranks together, each of which has a strip of the rows: what `mpiDo` runs.
  struct Solve: MPIFunction {
    let grid: Grid

    /// - Returns: the rank's rows of every saved state; nothing if there are more ranks than rows.
    func callAsFunction(_ communicator: MPICommunicator) throws -> [[Double]] {
      let strips = splitrange(grid.rows, into: communicator.size)
      guard communicator.rank < strips.count else { return [] }
      var strip = Strip(grid, rows: strips[communicator.rank])
      var saved: [[Double]] = []
      for step in 1...grid.steps {
        try communicator.exchangeRows(of: &strip, among: strips.count)
        strip.advance()
        if step.isMultiple(of: grid.stepsPerState) { saved.append(Array(strip.inner)) }
      }
      return saved
    }
  }

  extension MPICommunicator {
    /// Gives the outer rows of a strip to its neighbours, and gets theirs, straight from and to the strip's memory.
    fileprivate func exchangeRows(of strip: inout Strip, among strips: Int) throws {
      let before = rank > 0 ? Int32(rank - 1) : MPI_PROC_NULL
      let behind = rank < strips - 1 ? Int32(rank + 1) : MPI_PROC_NULL
      let (width, last) = (strip.width, strip.rows.count)
      try strip.values.withUnsafeMutableBufferPointer { values in
        let start = values.baseAddress!
        let row = { start + $0 * width }
        try transfer(row(1), to: before, into: row(last + 1), from: behind, count: width)
        try transfer(row(last), to: behind, into: row(0), from: before, count: width)
      }
    }

    private func transfer(
      _ values: UnsafeMutablePointer<Double>, to destination: Int32, into room: UnsafeMutablePointer<Double>,
      from source: Int32, count: Int
    ) throws {
      let code = withMPI { handle in
        var status = MPI_Status()
        return MPI_Sendrecv(
          values, Int32(count), Double.datatype, destination, 0, room, Int32(count), Double.datatype, source, 0, handle,
          &status)
      }
      guard code == MPI_SUCCESS else { throw ExchangeError(rank: rank, code: code) }
    }
  }

  struct ExchangeError: Error, Codable, CustomStringConvertible {
    let rank: Int
    let code: Int32
    var description: String { "rank \(rank) could not exchange rows with its neighbours: MPI_Sendrecv gave \(code)" }
  }
#endif
