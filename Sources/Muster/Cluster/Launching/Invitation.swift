/// What a worker is told on its standard input: lines of `key=value`, ended by an empty one.
struct Invitation: Sendable {
  /// The mark on the command line of a worker.
  static let flag = "--worker"
  static let maximumSize = 8192

  let cookie: Cookie
  /// Where process 1 listens, in the order in which to try.
  let addresses: [TransportAddress]
  var ticket: UInt64
  /// How long the worker tries.
  let timeout: Duration
  let transport: TransportChoice
  let restrict: Bool
  /// The process that has to live: the worker's end is tied to its own parent's. `nil`: it is not.
  let parent: Int32?
  /// What it is to bind itself to before anything else.
  let binding: Binding
  /// Where process 1 runs; `nil`: all addresses are good, wherever the worker is.
  var node: NodeIdentity?
  /// It is to be the agent of its host, not a worker (`AgentProcess`).
  var isAgent = false
  /// Where it makes its Unix socket, if not where process 1 says.
  var socketDirectory: String?
  /// Where it listens for workers on other hosts, if not at all its addresses.
  var listenAt: TransportAddress?

  var text: String { Self.line(of: cookie) + textWithoutCookie }

  /// The line that is a secret.
  static func line(of cookie: Cookie) -> String { "cookie=\(cookie.hex)\n" }

  /// What whoever listens may know. `line(of:)` before it makes it an invitation.
  var textWithoutCookie: String {
    var lines = ["ticket=\(ticket)", "timeout=\(timeout.nanoseconds)"]
    lines += ["transport=\(transport.rawValue)", "restrict=\(restrict)"]
    if let parent { lines.append("parent=\(parent)") }
    lines += binding.lines
    if let node { lines += ["boot=\(node.bootID)", "network=\(node.networkNamespace)"] }
    if let socketDirectory { lines.append("sockets=\(socketDirectory)") }
    if let listenAt { lines.append("listen=\(listenAt)") }
    if isAgent { lines.append("agent=true") }
    var text = lines.joined(separator: "\n") + "\n"
    // A host with very many has better ones among the first: no more is read than this.
    let room = Self.maximumSize - Self.line(of: cookie).utf8.count - 1
    for line in addresses.map({ "address=\($0)\n" }) where text.utf8.count + line.utf8.count <= room { text += line }
    return text + "\n"
  }

  init(
    cookie: Cookie, addresses: [TransportAddress], ticket: UInt64, timeout: Duration, transport: TransportChoice,
    restrict: Bool, parent: Int32?, binding: Binding = Binding()
  ) {
    self.cookie = cookie
    self.addresses = addresses
    self.ticket = ticket
    self.timeout = timeout
    self.transport = transport
    self.restrict = restrict
    self.parent = parent
    self.binding = binding
  }

  init(text: String) throws(ClusterError) {
    var values: [String: [String]] = [:]
    for line in text.split(separator: "\n") {
      guard let equals = line.firstIndex(of: "=") else { throw Self.malformed("a line without '='") }
      values[String(line[..<equals]), default: []].append(String(line[line.index(after: equals)...]))
    }
    func value(_ key: String) throws(ClusterError) -> String {
      guard let value = values[key]?.first else { throw Self.malformed("no \(key)") }
      return value
    }
    cookie = try Cookie(hex: value("cookie"))
    addresses = (values["address"] ?? []).compactMap { TransportAddress($0) }
    guard !addresses.isEmpty else { throw Self.malformed("no address") }
    guard let ticket = UInt64(try value("ticket")), let nanoseconds = Int64(try value("timeout")),
      let transport = TransportChoice(rawValue: try value("transport"))
    else { throw Self.malformed("a ticket, timeout or transport that is none") }
    self.ticket = ticket
    timeout = .nanoseconds(nanoseconds)
    self.transport = transport
    restrict = try value("restrict") == "true"
    socketDirectory = values["sockets"]?.first
    listenAt = values["listen"]?.first.flatMap { TransportAddress($0) }
    isAgent = values["agent"]?.first == "true"
    if let boot = values["boot"]?.first, let network = values["network"]?.first {
      node = NodeIdentity(bootID: boot, networkNamespace: network)
    }
    parent = values["parent"]?.first.flatMap { Int32($0) }
    do {
      binding = try Binding(cpus: values["cpus"]?.first, memory: values["memory"]?.first)
    } catch {
      throw Self.malformed(error.message)
    }
  }

  private static func malformed(_ what: String) -> ClusterError {
    ClusterError(
      .notAWorker,
      "this process was started with \(flag), but its standard input holds no invitation (\(what)): "
        + "\(flag) is for Muster's cluster managers, not for you")
  }
}
