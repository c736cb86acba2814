import Muster
import MusterMPI

/// What threads may call MPI, as far as that shows before it is initialised: what it was built for.
enum BuiltThreadLevel {
  private static let unknown = "known when it is initialised: muster doctor asks it"

  /// - Parameters:
  ///   - library: what MPI_Get_library_version says. MPICH's has the options of its configure script, where any level but
  ///     MPI_THREAD_MULTIPLE has to be asked for.
  ///   - information: what Open MPI's `ompi_info --parsable` says, if there is one.
  static func text(library: String, information: String?) -> String {
    if library.contains("MPICH") {
      let option = library.firstRange(of: "--enable-threads=").map {
        String(library[$0.upperBound...].prefix { $0.isLetter })
      }
      switch option {
      case nil, "multiple", "runtime": return "MPI_THREAD_MULTIPLE, as it was built"
      case let level?: return "MPI_THREAD_\(level.uppercased()), as it was built"
      }
    }
    guard let information, isOf(library, information) else { return unknown }
    if information.contains("MPI_THREAD_MULTIPLE: yes") { return "MPI_THREAD_MULTIPLE, as it was built" }
    return information.contains("MPI_THREAD_MULTIPLE: no") ? "less than MPI_THREAD_MULTIPLE, as it was built" : unknown
  }

  /// Another Open MPI may be first in PATH: `ompi:version:full:4.1.4`, and `Open MPI v4.1.4, …`.
  private static func isOf(_ library: String, _ information: String) -> Bool {
    guard let range = information.firstRange(of: "ompi:version:full:") else { return false }
    return library.contains("v\(information[range.upperBound...].prefix { !$0.isNewline }),")
  }

  #if MPI
    static func ask() async -> String {
      let library = mpiLibraryVersion()
      let isOpenMPI = library.hasPrefix("Open MPI")
      let information = isOpenMPI ? await CommandOutput.of(["ompi_info", "--parsable"], within: 5) : nil
      return text(library: library, information: information?.text)
    }
  #endif
}
