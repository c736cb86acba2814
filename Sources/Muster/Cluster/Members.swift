/// Who is in the cluster, as this process knows it: a plain value.
struct Members: Sendable {
  enum State: Sendable, Equatable {
    /// Has been launched, or announced by process 1; may be connected to.
    case joined
    /// Is being removed; no new calls go to it.
    case leaving
    /// Was lost.
    case gone(reason: String)
    /// Was removed by `rmprocs`.
    case removed
  }

  struct Member: Sendable {
    var state: State
    var info: PeerInfo
    /// The connection over which this process sends; others may exist that only receive.
    var link: Link?
    /// Other connections of the same process, which only receive.
    var otherLinks: [Link] = []
    var config: WorkerConfig?
    var manager: (any ClusterManager)?
    var departureWaiters: [UnsafeContinuation<Void, Never>] = []
    /// Tasks that wait for a connection under way.
    var isConnecting = false
    var connectionWaiters: [UnsafeContinuation<Void, Never>] = []
  }

  /// What members hear of one that was not lost.
  static let removalReason = "it was removed"

  /// This process.
  var me: ProcessID
  var topology: Topology = .allToAll
  /// Where this process stands in a custom topology.
  var place = TopologyPlace()
  private(set) var table: [ProcessID: Member] = [:]
  /// The members that are there, in order; kept so that asking costs nothing.
  private(set) var present: [ProcessID]
  /// The next number to be given; numbers are never used again.
  private var next = 2
  /// A fast way to the connection of a member, by its number.
  private var links: [Link?] = []

  init(id: ProcessID) {
    me = id
    present = [id]
  }

  subscript(_ pid: ProcessID) -> Member? { table[pid] }

  func isPresent(_ pid: ProcessID) -> Bool { pid == me || table[pid]?.state == .joined }

  /// Every process, this one included.
  var procs: [ProcessID] { present }

  /// Every process but process 1, unless that is the only one.
  var workers: [ProcessID] {
    let others = present.filter { $0 != 1 }
    return others.isEmpty ? [1] : others
  }

  func openLink(to pid: ProcessID) -> Link? {
    pid.rawValue >= 0 && pid.rawValue < links.count ? links[pid.rawValue] : nil
  }

  mutating func takeNumbers(_ count: Int) -> [ProcessID] {
    defer { next += count }
    return (next..<(next + count)).map { ProcessID($0) }
  }

  mutating func become(_ pid: ProcessID) {
    present.removeAll { $0 == me }
    me = pid
    insert(pid)
  }

  mutating func join(_ info: PeerInfo, config: WorkerConfig? = nil, manager: (any ClusterManager)? = nil) {
    let pid = info.pid
    if table[pid]?.state.isGone == true { return }
    var member = table[pid] ?? Member(state: .joined, info: info)
    member.info = info
    member.config = config ?? member.config
    member.manager = manager ?? member.manager
    table[pid] = member
    insert(pid)
  }

  /// Who started a worker, and how.
  mutating func setManager(_ manager: any ClusterManager, config: WorkerConfig?, of pid: ProcessID) {
    table[pid]?.manager = manager
    if let config { table[pid]?.config = config }
  }

  mutating func setAddresses(_ addresses: [TransportAddress], of pid: ProcessID) {
    table[pid]?.info.addresses = addresses
  }

  /// A connection may come before process 1 has announced who is at its other end.
  mutating func addLink(_ link: Link) {
    if table[link.peer] == nil { table[link.peer] = Member(state: .joined, info: PeerInfo(unannounced: link.peer)) }
    if table[link.peer]!.link == nil {
      setLink(link, for: link.peer)
    } else {
      table[link.peer]!.otherLinks.append(link)
    }
  }

  var allLinks: [Link] { linksByMember.flatMap { $0 } }

  var linksByMember: [[Link]] { table.values.map { ($0.link.map { [$0] } ?? []) + $0.otherLinks } }

  mutating func takeLinks(of pid: ProcessID) -> [Link] {
    guard let member = table[pid] else { return [] }
    table[pid]!.otherLinks = []
    setLink(nil, for: pid)
    return (member.link.map { [$0] } ?? []) + member.otherLinks
  }

  func mayConnect(to pid: ProcessID) -> Bool {
    me == 1 || pid == 1 || topology.connects(place, table[pid]?.info.place ?? TopologyPlace())
  }

  /// Whether calls to a process are possible: this one, or one that it may be connected to.
  func mayCall(_ pid: ProcessID) -> Bool { pid == me || mayConnect(to: pid) }

  /// Everybody but process 1, with what the managers said of them: what the members are told of each other.
  var announcements: [PeerInfo] {
    present.filter { $0 != 1 }.compactMap { pid in
      guard let member = table[pid] else { return nil }
      var info = member.info
      if let config = member.config { info.learn(config) }
      return info
    }
  }

  /// Hears when a process has gone; false if it has already.
  mutating func addDepartureWaiter(_ waiter: UnsafeContinuation<Void, Never>, for pid: ProcessID) -> Bool {
    guard let member = table[pid], !member.state.isGone else { return false }
    table[pid]!.departureWaiters.append(waiter)
    return true
  }

  mutating func takeDepartureWaiters(of pid: ProcessID) -> [UnsafeContinuation<Void, Never>] {
    defer { table[pid]?.departureWaiters = [] }
    return table[pid]?.departureWaiters ?? []
  }

  private mutating func setLink(_ link: Link?, for pid: ProcessID) {
    table[pid]?.link = link
    while links.count <= pid.rawValue { links.append(nil) }
    links[pid.rawValue] = link
  }

  mutating func setState(_ state: State, of pid: ProcessID) {
    guard table[pid] != nil else { return }
    table[pid]!.state = state
    if state != .joined { present.removeAll { $0 == pid } }
    if state.isGone { setLink(nil, for: pid) }
  }

  /// Returns false if somebody else is connecting already.
  mutating func beginConnecting(to pid: ProcessID) -> Bool {
    guard table[pid]?.isConnecting == false else { return false }
    table[pid]!.isConnecting = true
    return true
  }

  mutating func addConnectionWaiter(_ waiter: UnsafeContinuation<Void, Never>, for pid: ProcessID) -> Bool {
    guard table[pid]?.isConnecting == true else { return false }
    table[pid]!.connectionWaiters.append(waiter)
    return true
  }

  mutating func endConnecting(to pid: ProcessID) -> [UnsafeContinuation<Void, Never>] {
    table[pid]?.isConnecting = false
    defer { table[pid]?.connectionWaiters = [] }
    return table[pid]?.connectionWaiters ?? []
  }

  private mutating func insert(_ pid: ProcessID) {
    guard !present.contains(pid) else { return }
    present.insert(pid, at: present.firstIndex { $0 > pid } ?? present.count)
  }
}

/// What a process tells the others of itself.
struct PeerInfo: Codable, Sendable, Equatable {
  let pid: ProcessID
  /// Where it listens, in the order of preference.
  var addresses: [TransportAddress]
  /// Same node: only then are Unix sockets used.
  let node: NodeIdentity
  let host: String
  let osPID: Int32
  /// Where its manager said that it is to be connected to.
  var connectAt: TransportAddress?
  var place = TopologyPlace()
}

extension PeerInfo {
  /// It listens, but where other hosts cannot reach it.
  var listensLocally: Bool {
    !addresses.isEmpty && addresses.allSatisfy { $0.stage != .network }
  }

  mutating func learn(_ config: WorkerConfig) {
    connectAt = config.connectAt
    place = TopologyPlace(ident: config.ident, connectIdents: config.connectIdents ?? [])
  }

  /// What the managers of other processes than process 1 know of it.
  var config: WorkerConfig {
    var config = WorkerConfig()
    config.host = host
    config.connectAt = connectAt
    config.ospid = osPID
    config.ident = place.ident
    config.connectIdents = place.connectIdents
    return config
  }

  /// A process that has proved who it is, and of which nothing else is known yet.
  init(unannounced pid: ProcessID) {
    self.init(pid: pid, addresses: [], node: NodeIdentity(bootID: "", networkNamespace: ""), host: "", osPID: 0)
  }
}
