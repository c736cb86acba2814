#if MPI
  import Glibc

  /// A program that starts MPI jobs, and what it wants to be told.
  public struct MPILauncher: Sendable, Equatable, CustomStringConvertible {
    /// Whose it is.
    public enum Kind: String, Sendable, CaseIterable {
      case openMPI4
      /// With PRRTE instead of ORTE.
      case openMPI5
      /// MPICH's, and of those that come from it (Intel, MVAPICH).
      case hydra
    }

    /// How it is called.
    public var path: String
    public var kind: Kind
    /// The line of its version, of what it prints with `--version`, if it was asked.
    public private(set) var version: String?

    public init(path: String, kind: Kind) {
      self.path = path
      self.kind = kind
    }

    public var description: String { "\(path) (\(kind.rawValue))" }

    /// From what it prints with `--version`; `nil` for what is not known.
    public init?(path: String, version: String) {
      // By another name than mpirun or mpiexec Open MPI 4's calls itself (OpenRTE).
      if let range = version.firstRange(of: "Open MPI) ") ?? version.firstRange(of: "OpenRTE) ") {
        let major = Int(version[range.upperBound...].prefix { $0.isNumber }) ?? 4
        self.init(path: path, kind: major >= 5 ? .openMPI5 : .openMPI4)
        self.version = Self.line(ofVersion: version)
      } else if version.contains("HYDRA") || version.contains("Hydra") || version.contains("Intel(R) MPI") {
        self.init(path: path, kind: .hydra)
        self.version = Self.line(ofVersion: version)
      } else {
        return nil
      }
    }

    /// Open MPI says it in the first line, Hydra behind `Version:`.
    private static func line(ofVersion text: String) -> String? {
      let lines = text.split(separator: "\n")
      return (lines.first { $0.contains("Version") } ?? lines.first).map {
        $0.split(separator: " ").joined(separator: " ")
      }
    }

    /// The arguments that start `count` ranks of a program which stay when one of them dies.
    ///
    /// - Parameter variables: what of our environment the ranks are to have, also on other nodes.
    func arguments(count: Int, variables: [String], flags: [String], program: [String]) -> [String] {
      let own: [String] =
        switch kind {
        case .openMPI4: ["--enable-recovery"] + variables.flatMap { ["-x", $0] }
        case .openMPI5: ["--enable-recovery"] + variables.flatMap { ["-x", $0] }
        case .hydra:
          ["-disable-auto-cleanup"] + (variables.isEmpty ? [] : ["-genvlist", variables.joined(separator: ",")])
        }
      return ["-n", "\(count)"] + own + flags + program
    }
  }

  extension MPILauncher {
    /// Asks the launcher at a path, or of a name in PATH, who it is; `nil` if there is none, or one that is not known.
    public static func detect(_ path: String) -> MPILauncher? {
      guard !path.contains("'"), let pipe = popen("'\(path)' --version 2>&1", "re") else { return nil }
      defer { pclose(pipe) }
      var bytes = [UInt8](repeating: 0, count: 4096)
      let count = fread(&bytes, 1, bytes.count, pipe)
      return MPILauncher(path: path, version: String(decoding: bytes[..<count], as: UTF8.self))
    }
  }
#endif
