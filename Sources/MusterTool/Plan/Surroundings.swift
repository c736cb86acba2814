import Glibc
import Muster
import MusterMPI

/// What there is around this process, as far as it can be known without starting anything.
struct Surroundings: Encodable {
  let host: String
  /// Such as `Slurm job 17`.
  let job: String?
  let hosts: String?
  let slots: Int?
  let secondsLeft: Double?
  let machine: String
  let allowed: CPUSet
  /// In CPUs.
  let quota: Double?
  let executable: String
  let build: String
  let mpi: MPI

  struct MPI: Encodable {
    /// That with which this program is linked.
    let library: String?
    let launcher: String?
    let threads: String?
  }

  static func detected() async throws -> Surroundings {
    let allocation = try Allocation.current()
    let topology = try HardwareTopology.thisMachine()
    return Surroundings(
      host: nodeName(), job: allocation?.job, hosts: allocation.map { "\(NodeList($0.machines.map(\.host)))" },
      slots: allocation.map { $0.machines.reduce(0) { $0 + ($1.count.exactValue ?? 1) } },
      secondsLeft: await timeLeft().map { $0 / .seconds(1) }, machine: "\(topology)", allowed: topology.allowed,
      quota: cpuQuota(), executable: executable, build: buildID(), mpi: await mpi())
  }

  private static func mpi() async -> MPI {
    #if MPI
      let launcher = MPILauncher.detect("mpirun") ?? MPILauncher.detect("mpiexec")
      let library = mpiLibraryVersion().split(separator: "\n").first.map(String.init)
      return MPI(
        library: library, launcher: launcher.map { "\($0.path): \($0.version ?? $0.kind.rawValue)" },
        threads: await BuiltThreadLevel.ask())
    #else
      return MPI(library: nil, launcher: nil, threads: nil)
    #endif
  }

  /// Where this program's executable is.
  static var executable: String {
    text { readlink("/proc/self/exe", $0.baseAddress!, $0.count - 1) > 0 } ?? CommandLine.arguments[0]
  }

  /// The name that this host gives itself.
  static func nodeName() -> String { text { gethostname($0.baseAddress!, $0.count - 1) == 0 } ?? "localhost" }

  /// What a function of C's writes; `nil` if it fails.
  private static func text(_ write: (UnsafeMutableBufferPointer<CChar>) -> Bool) -> String? {
    withUnsafeTemporaryAllocation(of: CChar.self, capacity: 4096) { buffer in
      buffer.initialize(repeating: 0)
      return write(buffer) ? String(cString: buffer.baseAddress!) : nil
    }
  }
}
