import Glibc

/// How workers are started over ssh: all of `AddprocsOptions`, by the same names, and what ssh itself is told.
@dynamicMemberLookup
public struct SSHOptions: Sendable {
  /// Whose language a command for the other host is written in.
  public enum Shell: String, Sendable, CaseIterable {
    /// sh, bash, dash, ksh, zsh.
    case posix
    /// csh, tcsh.
    case csh
  }

  /// What is not of ssh.
  public var base: AddprocsOptions
  /// Connections of process 1 go through ssh, so no other port has to be open in either direction. Workers of different
  /// hosts have no way to each other then: `topology` must be `.masterWorker`.
  public var tunnel = false
  /// Later sessions to the same host use the connection of the first (ControlMaster), and need not log in again.
  public var multiplex = false
  /// The ssh executable.
  public var ssh = "ssh"
  /// Its arguments; they precede Muster's own, and so prevail.
  public var sshflags: [String] = []
  /// How many hosts are logged in to at once.
  public var maxParallel = 10
  /// The login shell on the hosts.
  public var shell = Shell.posix

  public init(_ base: AddprocsOptions = AddprocsOptions()) { self.base = base }

  public subscript<Value>(dynamicMember path: WritableKeyPath<AddprocsOptions, Value>) -> Value {
    get { base[keyPath: path] }
    set { base[keyPath: path] = newValue }
  }

  func validate() throws(ClusterError) {
    try base.validate()
    guard maxParallel > 0 else {
      throw ClusterError(.invalidArgument, "addprocs: options.maxParallel is \(maxParallel): it must be at least 1")
    }
    guard !tunnel || base.topology == .masterWorker else {
      throw ClusterError(
        .invalidArgument,
        "addprocs: with options.tunnel workers of different hosts have no way to each other, but options.topology is "
          + "\(base.topology.rawValue): set it to .masterWorker")
    }
    guard base.transport != .unix else {
      throw ClusterError(
        .invalidArgument, "addprocs: options.transport is unix, by which no worker on another host can be reached")
    }
    guard !tunnel || base.transport == .automatic else {
      throw ClusterError(
        .invalidArgument, "addprocs: options.tunnel uses Unix sockets at both ends: leave options.transport as it is")
    }
  }
}

extension SSHOptions.Shell {
  /// A word that the shell takes as it is.
  func quoted(_ word: String) -> String {
    let isPlain =
      !word.isEmpty
      && word.utf8.allSatisfy { byte in
        switch byte {
        case UInt8(ascii: "a")...UInt8(ascii: "z"), UInt8(ascii: "A")...UInt8(ascii: "Z"),
          UInt8(ascii: "0")...UInt8(ascii: "9"), UInt8(ascii: "/"), UInt8(ascii: "."), UInt8(ascii: "_"),
          UInt8(ascii: "-"):
          true
        default: false
        }
      }
    if isPlain { return word }
    var quoted = "'"
    // Not by characters: "'" and a combining mark are one, in which the shell sees the end of the quotation.
    for scalar in word.unicodeScalars {
      switch scalar {
      case "'": quoted += "'\\''"
      // History is looked for between quotation marks, too.
      case "!" where self == .csh: quoted += "\\!"
      case "\n" where self == .csh: quoted += "\\\n"
      default: quoted.unicodeScalars.append(scalar)
      }
    }
    return quoted + "'"
  }

  /// Runs a program in a directory, in the place of the shell.
  ///
  /// - Parameter file: to be removed when the program has ended, or could not be started.
  func command(_ words: [String], in directory: String?, removing file: String? = nil) -> String {
    let place = directory.map { "cd \(quoted($0)) && " } ?? ""
    let program = words.map(quoted).joined(separator: " ")
    guard let file else { return "\(place)exec \(program)" }
    let status = self == .csh ? "set s=$status" : "s=$?"
    return "\(place)\(program); \(status); rm -f \(quoted(file)); exit $s"
  }
}
