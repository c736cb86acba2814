#if MPI
  import CMPI

  /// Which threads of a process may call MPI (MPI 3.1, section 12.4.3).
  public enum ThreadLevel: Int, Sendable, Comparable, CaseIterable, CustomStringConvertible {
    /// Only the one that initialised it. Muster then has a thread for that.
    case funneled
    /// Any, one at a time.
    case serialized
    /// Any, at any time. The fastest for Muster.
    case multiple

    public static func < (left: ThreadLevel, right: ThreadLevel) -> Bool { left.rawValue < right.rawValue }

    public var description: String {
      switch self {
      case .funneled: "MPI_THREAD_FUNNELED"
      case .serialized: "MPI_THREAD_SERIALIZED"
      case .multiple: "MPI_THREAD_MULTIPLE"
      }
    }

    /// What it means for a program.
    public var meaning: String {
      switch self {
      case .funneled: "one thread calls it, and runs the functions of mpiDo"
      case .serialized: "one thread at a time calls it; nothing moves over MPI during a user's call"
      case .multiple: "any thread calls it"
      }
    }

    var code: Int32 {
      switch self {
      case .funneled: Int32(MPI_THREAD_FUNNELED)
      case .serialized: Int32(MPI_THREAD_SERIALIZED)
      case .multiple: Int32(MPI_THREAD_MULTIPLE)
      }
    }

    /// `nil` for MPI_THREAD_SINGLE, with which a program of several threads must not call MPI at all.
    init?(code: Int32) {
      guard let level = Self.allCases.last(where: { $0.code <= code }) else { return nil }
      self = level
    }
  }

  /// MPI's words for an error.
  func describe(mpi code: Int32) -> String {
    withUnsafeTemporaryAllocation(of: CChar.self, capacity: Int(MPI_MAX_ERROR_STRING) + 1) { buffer in
      var length: Int32 = 0
      buffer[0] = 0
      MPI_Error_string(code, buffer.baseAddress!, &length)
      return length > 0 ? String(cString: buffer.baseAddress!) : "error \(code) of MPI"
    }
  }
#endif
