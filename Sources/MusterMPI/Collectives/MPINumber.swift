#if MPI
  import CMPI

  /// A number that MPI can send and compute with.
  public protocol MPINumber: Sendable, BitwiseCopyable, AdditiveArithmetic {
    /// What it is in C.
    static var datatype: MPI_Datatype { get }
  }

  extension MPINumber where Self: SignedInteger {
    public static var datatype: MPI_Datatype { muster_mpi_datatype(0, Int32(MemoryLayout<Self>.size)) }
  }

  extension MPINumber where Self: UnsignedInteger {
    public static var datatype: MPI_Datatype { muster_mpi_datatype(1, Int32(MemoryLayout<Self>.size)) }
  }

  extension MPINumber where Self: BinaryFloatingPoint {
    public static var datatype: MPI_Datatype { muster_mpi_datatype(2, Int32(MemoryLayout<Self>.size)) }
  }

  extension Int: MPINumber {}
  extension Int8: MPINumber {}
  extension Int16: MPINumber {}
  extension Int32: MPINumber {}
  extension Int64: MPINumber {}
  extension UInt: MPINumber {}
  extension UInt8: MPINumber {}
  extension UInt16: MPINumber {}
  extension UInt32: MPINumber {}
  extension UInt64: MPINumber {}
  extension Float: MPINumber {}
  extension Double: MPINumber {}

  /// How the numbers of the ranks become one (MPI 3.1, section 5.9.2).
  public enum MPIReduction: String, Sendable, Codable, CaseIterable {
    case sum, product, min, max

    public var operation: MPI_Op {
      switch self {
      case .sum: muster_mpi_sum()
      case .product: muster_mpi_product()
      case .min: muster_mpi_minimum()
      case .max: muster_mpi_maximum()
      }
    }
  }
#endif
