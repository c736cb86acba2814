#if MPI
  import CMPI

  /// Which MPI this program is linked with, in its own words: `Open MPI v4.1.4, package: …`. Initialises nothing.
  public func mpiLibraryVersion() -> String {
    withUnsafeTemporaryAllocation(of: CChar.self, capacity: Int(MPI_MAX_LIBRARY_VERSION_STRING) + 1) { buffer in
      var length: Int32 = 0
      buffer[0] = 0
      return MPI_Get_library_version(buffer.baseAddress!, &length) == MPI_SUCCESS
        ? String(cString: buffer.baseAddress!) : "an MPI that does not say its version"
    }
  }
#endif
