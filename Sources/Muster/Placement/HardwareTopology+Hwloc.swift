import CHwloc
import Glibc

/// Where topologies come from. hwloc is asked once; what it knows becomes a value, and its own memory is freed.
extension HardwareTopology {
  /// This machine, with what the calling thread may use of it now.
  ///
  /// - Throws: `ClusterError` `.invalidArgument` when hwloc cannot find out.
  public static func thisMachine() throws(ClusterError) -> HardwareTopology {
    var topology = try machine.get()
    // hwloc knows of control groups; a binding (taskset, a scheduler's) is the thread's.
    topology.allowed.formIntersection(CPUSet.ofThisThread)
    return topology
  }

  private static let machine = Result { () throws(ClusterError) in
    try HardwareTopology("this machine") { _ in true }
  }

  /// A machine as `lstopo --of xml` has written it down, on this machine or another.
  ///
  /// - Throws: `ClusterError` `.invalidArgument` for a file that cannot be read, and as `init(xml:)`.
  public init(xmlFile path: String) throws(ClusterError) {
    try self.init(xml: Self.read(path), from: path)
  }

  /// A machine in hwloc's XML.
  ///
  /// - Throws: `ClusterError` `.invalidArgument` for what is none, and for the XML of a later hwloc than this.
  public init(xml: String) throws(ClusterError) { try self.init(xml: xml, from: "a text") }

  private init(xml: String, from source: String) throws(ClusterError) {
    guard xml.contains("<topology") else {
      throw ClusterError(.invalidArgument, "cannot read the topology in \(source): it is not hwloc's XML")
    }
    if let version = Self.version(ofXML: xml), version.major > 2 {
      throw ClusterError(
        .invalidArgument,
        "cannot read the topology in \(source): it is XML of version \(version.text), and hwloc here reads versions to "
          + "2.x: write it with `lstopo --of xml --export-xml-flags v2`")
    }
    try self.init(source) { topology in
      // With the zero behind it.
      xml.withCString { hwloc_topology_set_xmlbuffer(topology, $0, Int32(xml.utf8.count + 1)) } == 0
    }
  }

  /// An imagined machine, in hwloc's words: `package:2 numa:2 l3:2 core:4 pu:2`.
  ///
  /// - Throws: `ClusterError` `.invalidArgument` for what hwloc does not understand.
  public init(synthetic description: String) throws(ClusterError) {
    try self.init("'\(description)' (such as 'package:2 numa:2 core:8 pu:2', see lstopo(1), --input)") {
      hwloc_topology_set_synthetic($0, description) == 0
    }
  }

  private init(_ source: String, _ configure: (hwloc_topology_t) -> Bool) throws(ClusterError) {
    func failed(_ reason: String) -> ClusterError {
      ClusterError(.invalidArgument, "hwloc cannot make a topology of \(source): \(reason)")
    }
    var handle: hwloc_topology_t?
    guard hwloc_topology_init(&handle) == 0, let handle else { throw failed(describe(errno: errno)) }
    defer { hwloc_topology_destroy(handle) }
    guard configure(handle) else { throw failed(describe(errno: errno)) }
    guard hwloc_topology_set_flags(handle, muster_hwloc_flags()) == 0 else { throw failed(describe(errno: errno)) }
    guard hwloc_topology_load(handle) == 0 else { throw failed(describe(errno: errno)) }
    guard hwloc_bitmap_last(hwloc_topology_get_topology_cpuset(handle)) < CPUSet.limit else {
      throw failed("it has hardware threads with numbers from \(CPUSet.limit) on")
    }
    let cpus = CPUSet(hwloc_topology_get_topology_cpuset(handle))
    guard !cpus.isEmpty else { throw failed("it has no hardware threads") }
    self.init(
      objects: Self.objects(of: handle), cpus: cpus,
      allowed: CPUSet(hwloc_topology_get_allowed_cpuset(handle)).intersection(cpus),
      allowedMemory: CPUSet(hwloc_topology_get_allowed_nodeset(handle)), kinds: Self.kinds(of: handle))
  }

  // MARK: What hwloc knows

  private static func objects(of topology: hwloc_topology_t) -> [TopologyLevel: [Object]] {
    let types: [(TopologyLevel, hwloc_obj_type_t)] = [
      (.hardwareThread, HWLOC_OBJ_PU), (.core, HWLOC_OBJ_CORE), (.l1Cache, HWLOC_OBJ_L1CACHE),
      (.l2Cache, HWLOC_OBJ_L2CACHE), (.l3Cache, HWLOC_OBJ_L3CACHE), (.numaNode, HWLOC_OBJ_NUMANODE),
      (.package, HWLOC_OBJ_PACKAGE),
    ]
    return types.reduce(into: [:]) { objects, type in
      // Negative: there are some in several depths, which these types cannot be.
      let count = max(0, hwloc_get_nbobjs_by_type(topology, type.1))
      let found = (0..<count).compactMap { hwloc_get_obj_by_type(topology, type.1, UInt32($0)) }
      if !found.isEmpty { objects[type.0] = found.map { Object($0.pointee) } }
    }
  }

  private static func kinds(of topology: hwloc_topology_t) -> [CPUSet] {
    let count = muster_hwloc_kind_count(topology)
    guard count > 1, let bitmap = hwloc_bitmap_alloc() else { return [] }
    defer { hwloc_bitmap_free(bitmap) }
    var kinds: [(efficiency: Int32, cpus: CPUSet)] = []
    for index in 0..<count {
      let efficiency = muster_hwloc_kind(topology, index, bitmap)
      guard efficiency >= 0 else { return [] }
      kinds.append((efficiency, CPUSet(bitmap)))
    }
    return kinds.sorted { $0.efficiency < $1.efficiency }.map(\.cpus)
  }

  // MARK: Files

  /// The largest machines have some megabytes.
  private static let largestFile = 64 << 20

  private static func read(_ path: String) throws(ClusterError) -> String {
    func fail(_ reason: String) -> ClusterError {
      ClusterError(.invalidArgument, "cannot read the topology in \(path): \(reason)")
    }
    let file = open(path, O_RDONLY | O_CLOEXEC)
    guard file >= 0 else { throw fail(describe(errno: errno)) }
    defer { close(file) }
    var bytes: [UInt8] = []
    var buffer = [UInt8](repeating: 0, count: 64 << 10)
    while true {
      let count = Glibc.read(file, &buffer, buffer.count)
      guard count >= 0 else { throw fail(describe(errno: errno)) }
      if count == 0 { return String(decoding: bytes, as: UTF8.self) }
      bytes += buffer[..<count]
      guard bytes.count <= largestFile else { throw fail("it is larger than \(largestFile >> 20) MiB") }
    }
  }

  /// Of `<topology version="2.0">`; hwloc 1 wrote none.
  private static func version(ofXML xml: String) -> (major: Int, text: String)? {
    guard let tag = xml.firstRange(of: "<topology"), let end = xml[tag.upperBound...].firstIndex(of: ">"),
      let key = xml[tag.upperBound..<end].firstRange(of: "version=\"")
    else { return nil }
    let text = xml[key.upperBound...].prefix { $0 != "\"" && $0 != ">" }
    return Int(text.prefix { $0.isNumber }).map { ($0, String(text)) }
  }
}

extension HardwareTopology.Object {
  fileprivate init(_ object: hwloc_obj) {
    self.init(
      index: Int(object.logical_index), osIndex: object.os_index == .max ? nil : Int(object.os_index),
      cpus: CPUSet(object.cpuset),
      memory: object.type == HWLOC_OBJ_NUMANODE ? object.attr.pointee.numanode.local_memory : nil)
  }
}

extension CPUSet {
  init(_ bitmap: hwloc_const_bitmap_t?) {
    self.init()
    guard let bitmap else { return }
    var cpu = hwloc_bitmap_first(bitmap)
    // A set without end would have no last element.
    let last = hwloc_bitmap_last(bitmap)
    while cpu >= 0, cpu <= last, cpu < CPUSet.limit {
      insert(Int(cpu))
      cpu = hwloc_bitmap_next(bitmap, cpu)
    }
  }
}
