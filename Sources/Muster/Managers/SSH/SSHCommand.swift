/// The command line of one ssh: a plain value.
struct SSHCommand: Sendable {
  /// Where to log in.
  struct Login: Hashable, Sendable, CustomStringConvertible {
    let user: String?
    let host: String
    let port: UInt16?

    init(_ machine: MachineSpec) {
      user = machine.user
      host = machine.host
      port = machine.port
    }

    var description: String {
      (user.map { "\($0)@" } ?? "")
        + (port == nil ? host : host.contains(":") ? "[\(host)]:\(port!)" : "\(host):\(port!)")
    }
  }

  /// Sockets of Unix at both ends of a tunnel.
  struct Tunnel: Sendable {
    let remote: String
    let local: String
  }

  let login: Login
  /// What the login shell is to run.
  let command: String
  var tunnel: Tunnel?
  /// The socket of a ControlMaster.
  var controlPath: String?
  var flags: [String] = []
  /// Until ssh gives up to connect, in seconds.
  var connectTimeout: Int

  /// What follows the name of the ssh executable. ssh takes the first value of an option that it is given twice, so
  /// the user's come first.
  var arguments: [String] {
    var options = [
      // Nobody is there to be asked, and no agent or display is lent.
      "BatchMode=yes", "ForwardAgent=no", "ForwardX11=no",
      "ConnectTimeout=\(connectTimeout)",
      // A connection that has gone is found out, so that no ssh is left behind.
      "ServerAliveInterval=15", "ServerAliveCountMax=3",
    ]
    if let controlPath {
      options += ["ControlMaster=auto", "ControlPath=\(controlPath)", "ControlPersist=no"]
    } else if tunnel != nil {
      // Somebody else's connection would have the tunnel outlive the workers.
      options.append("ControlPath=none")
    }
    if tunnel == nil {
      options.append("ClearAllForwardings=yes")
    } else {
      options += ["ExitOnForwardFailure=yes", "StreamLocalBindUnlink=yes"]
    }
    var arguments = flags + ["-T"] + options.flatMap { ["-o", $0] }
    if let tunnel { arguments += ["-R", "\(tunnel.remote):\(tunnel.local)"] }
    if let port = login.port { arguments += ["-p", "\(port)"] }
    if let user = login.user { arguments += ["-l", user] }
    return arguments + ["--", login.host, command]
  }
}
