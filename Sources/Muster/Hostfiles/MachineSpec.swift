/// A machine on which workers are to be started, and how many, as Julia writes it:
///
///     [user@]host[:port] [bind_addr[:port]]
///
/// `port` is where its sshd listens; at `bind_addr` the workers of this machine can be reached by others, the first at the
/// port there, the second at the next one, and so on. IPv6 addresses are in brackets: `[2001:db8::1]:22`.
public struct MachineSpec: Sendable, Hashable {
  /// Who logs in; `nil`: whoever ssh's configuration says.
  public var user: String?
  /// A name, or an address without brackets.
  public var host: String
  /// Of sshd; `nil`: what ssh's configuration says.
  public var port: UInt16?
  /// Where workers of this machine listen for others; `nil`: wherever it works.
  public var bindAddress: String?
  /// Where the first of them listens; each of the others has the port after its predecessor's. `nil`: the system chooses.
  public var bindPort: UInt16?
  /// How many workers.
  public var count: WorkerCount
  /// The working directory of its workers; `nil`: what the options of `addprocs` say.
  public var dir: String?
  /// The executable there; `nil`: what the options of `addprocs` say.
  public var exename: String?
  /// Environment variables, in addition to those of the options of `addprocs`.
  public var env: [String: String] = [:]
  /// What is wrong with a literal.
  private var problem: HostfileError?

  /// Reads a machine.
  ///
  /// - Throws: `ClusterError` `.invalidArgument` that says where the text is wrong and what was expected.
  public init(parsing text: some StringProtocol, count: WorkerCount = 1) throws(ClusterError) {
    do { self = try MachineSpec(Word(text), count: count) } catch {
      throw ClusterError(error, in: "“\(text)” is no machine")
    }
  }

  /// A machine of a list in the program; a text that is no machine is an error of the `addprocs` that gets the list.
  public init(_ text: String, count: WorkerCount = 1) {
    do { self = try MachineSpec(Word(text), count: count) } catch {
      self.init(host: text, count: count, problem: error)
    }
  }

  init(host: String, count: WorkerCount = 1) { self.init(host: host, count: count, problem: nil) }

  /// Whatever the number of the address means.
  init(_ address: Login) {
    self.init(host: address.host)
    user = address.user
  }

  private init(host: String, count: WorkerCount, problem: HostfileError?) {
    self.host = host
    self.count = count
    self.problem = problem
  }

  /// `[user@]host[:port] [bind_addr[:port]]`
  init(_ words: Word, count: WorkerCount) throws(HostfileError) {
    let words = words.words
    let login = try Login(words[0])
    self.init(login)
    port = try Self.port(login.number)
    self.count = count
    guard words.count > 2 else { return }
    let bind = try Login(words[1])
    guard bind.user == nil else { throw words[1].expected("an address to bind to, without a user") }
    bindAddress = bind.host
    bindPort = try Self.port(bind.number)
    guard words.count == 3 else { throw words[2].expected("the end of the machine") }
  }

  private static func port(_ word: Word?) throws(HostfileError) -> UInt16? {
    try word.map { (word) throws(HostfileError) in UInt16(try word.number(in: 1...65_535, "a port")) }
  }

  /// Whether workers can be started there.
  ///
  /// - Throws: `ClusterError` `.invalidArgument` for a literal that is no machine, or a count below 1.
  func validate() throws(ClusterError) {
    if let problem { throw ClusterError(problem, in: "“\(host)” is no machine") }
    if let count = count.exactValue, count < 1 {
      throw ClusterError(.invalidArgument, "\(host): the count is \(count): it must be at least 1")
    }
    if let count = count.exactValue { try requirePorts(for: count) }
  }

  /// Each worker has a port of its own.
  ///
  /// - Throws: `ClusterError` `.invalidArgument` when there are not so many from `bindPort` on.
  func requirePorts(for count: Int) throws(ClusterError) {
    guard let bindPort, count > Int(UInt16.max) - Int(bindPort) + 1 else { return }
    throw ClusterError(
      .invalidArgument,
      "\(host): \(count) workers would listen at the ports from \(bindPort) to \(Int(bindPort) + count - 1): the last "
        + "port is 65535")
  }
}

extension MachineSpec: ExpressibleByStringLiteral {
  public init(stringLiteral value: String) { self.init(value) }
}

extension MachineSpec: CustomStringConvertible {
  /// As in a machine file: `4*me@n1:2222 10.0.0.1:9300 dir=/scratch env=A=1`.
  public var description: String {
    var words = [(count == 1 ? "" : "\(count)*") + (user.map { "\($0)@" } ?? "") + Self.text(host, port)]
    if let bindAddress { words.append(Self.text(bindAddress, bindPort)) }
    return words.joined(separator: " ") + settings
  }

  /// What stands behind a host in the grammars that people write, with a space before each.
  var settings: String {
    var words: [String] = []
    if let dir { words.append("dir=\(Self.quoted(dir))") }
    if let exename { words.append("exename=\(Self.quoted(exename))") }
    words += env.sorted { $0.key < $1.key }.map { "env=\($0)=\(Self.quoted($1))" }
    return words.map { " " + $0 }.joined()
  }

  private static func text(_ host: String, _ port: UInt16?) -> String {
    (host.contains(":") ? "[\(host)]" : host) + (port.map { ":\($0)" } ?? "")
  }

  private static func quoted(_ value: String) -> String {
    let isPlain = !value.isEmpty && value.utf8.allSatisfy { !$0.isASCIISpace && !"=#".utf8.contains($0) }
    return isPlain ? value : "\"\(value)\""
  }
}
