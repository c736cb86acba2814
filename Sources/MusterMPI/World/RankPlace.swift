#if MPI
  import Glibc

  /// Where a rank runs, as it tells the others.
  struct RankPlace: Sendable, Equatable {
    static let size = 264

    let host: String
    let ospid: Int32

    init(host: String, ospid: Int32) {
      self.host = host
      self.ospid = ospid
    }

    static var current: RankPlace {
      let host = withUnsafeTemporaryAllocation(of: CChar.self, capacity: 256) { buffer in
        gethostname(buffer.baseAddress!, buffer.count - 1) == 0 ? String(cString: buffer.baseAddress!) : "localhost"
      }
      return RankPlace(host: host, ospid: getpid())
    }

    /// The number of the process, and the name of the host filled up with zeros.
    var bytes: [UInt8] {
      let name = Array(host.utf8.prefix(Self.size - 9))
      return withUnsafeBytes(of: Int64(ospid).littleEndian) { Array($0) } + name
        + [UInt8](repeating: 0, count: Self.size - 8 - name.count)
    }

    init(_ bytes: ArraySlice<UInt8>) {
      ospid = Int32(truncatingIfNeeded: bytes.prefix(8).reversed().reduce(0 as UInt64) { $0 << 8 | UInt64($1) })
      host = String(decoding: bytes.dropFirst(8).prefix { $0 != 0 }, as: UTF8.self)
    }
  }
#endif
