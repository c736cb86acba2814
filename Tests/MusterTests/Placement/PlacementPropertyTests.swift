import Testing

@testable import Muster

private let levels: [TopologyLevel] = [.l1Cache, .l2Cache, .l3Cache, .numaNode, .package, .node]

private let policies: [PlacementPolicy] =
  [.slot, .hardwareThread, .core, .scatter, .compact] + levels.map { .cyclic($0) } + levels.map { .block($0) }

/// The hardware threads or cores there are.
private func units(_ topology: HardwareTopology, _ policy: PlacementPolicy) -> [CPUSet] {
  topology.parts(policy.level == .hardwareThread ? .hardwareThread : .core, of: topology.allowed)
}

@Test func `as many workers as there are cores get one each, under every policy on every machine`() throws {
  for (name, topology) in Machines.all {
    for policy in policies {
      let all = units(topology, policy)
      let sets = try policy.strict.cpuSets(for: all.count, on: topology)
      #expect(Set(sets) == Set(all), "\(policy) on \(name)")
      for count in [1, all.count / 2, all.count - 1] where count > 0 {
        let fewer = try policy.cpuSets(for: count, on: topology)
        #expect(Set(fewer).count == count && Set(fewer).isSubset(of: all), "\(count) by \(policy) on \(name)")
        #expect(try policy.cpuSets(for: count, on: topology) == fewer)
      }
      #expect(throws: ClusterError.self) { try policy.strict.cpuSets(for: all.count + 1, on: topology) }
      let more = try policy.cpuSets(for: all.count + 1, on: topology)
      #expect(more == Array(repeating: topology.allowed, count: all.count + 1), "\(policy) on \(name)")
    }
  }
}

@Test func `sets of several cores are disjoint and within what is allowed`() throws {
  for (name, topology) in Machines.all {
    for policy in policies {
      for threads in [2, 3, 5] {
        let node = PlacementPlan.Node(name: name, topology: topology)
        let all = units(topology, policy)
        for count in Set([1, 2, all.count / threads]) where count > 0 {
          // An object can be too small for a single worker.
          guard let plan = try? PlacementPlan(workers: count, on: [node], policy: policy, threadsPerWorker: threads)
          else {
            #expect(
              topology.parts(policy.level, of: topology.allowed).allSatisfy {
                topology.parts(.core, of: $0).count < threads
              })
            continue
          }
          let bound = plan.workers.filter(\.isBound)
          #expect(bound.isEmpty || bound.count == count)
          #expect(bound.map(\.cpus.count).reduce(0, +) == bound.reduce(CPUSet()) { $0.union($1.cpus) }.count, "\(name)")
          for worker in bound {
            #expect(all.filter { $0.isSubset(of: worker.cpus) }.count == threads, "\(policy) on \(name)")
            #expect(worker.cpus.isSubset(of: topology.allowed))
          }
          // By cores nothing is lost to the borders of objects, but to those of kinds.
          if policy == .core, topology.kinds.isEmpty {
            #expect(bound.count == (count * threads <= all.count ? count : 0))
          }
        }
      }
    }
  }
}

@Test func `objects get as many workers as each other, or have no room for more`() throws {
  for (name, topology) in Machines.all {
    for level in levels {
      let parts = topology.parts(level, of: topology.allowed)
      let rooms = parts.map { topology.parts(.core, of: $0).count }
      for count in 1...max(1, min(40, rooms.reduce(0, +))) {
        for policy in [PlacementPolicy.cyclic(level), .block(level)] {
          let sets = try policy.cpuSets(for: count, on: topology)
          let counts = parts.map { part in sets.count { $0.isSubset(of: part) } }
          #expect(counts.reduce(0, +) == count, "\(policy) on \(name)")
          let most = counts.max()!
          #expect(
            zip(counts, rooms).allSatisfy { $0 >= most - 1 || $0 == $1 }, "\(count) by \(policy) on \(name): \(counts)")
        }
      }
    }
  }
}

@Test func `cyclic workers take turns, block workers stay together`() throws {
  for (name, topology) in Machines.all {
    for level in levels {
      let parts = topology.parts(level, of: topology.allowed)
      func owners(_ policy: PlacementPolicy, _ count: Int) throws -> [Int] {
        try policy.cpuSets(for: count, on: topology).map { set in parts.firstIndex { set.isSubset(of: $0) }! }
      }
      #expect(try owners(.cyclic(level), parts.count) == Array(parts.indices), "\(level) on \(name)")
      let blocks = try owners(.block(level), topology.parts(.core, of: topology.allowed).count)
      #expect(blocks == blocks.sorted(), "\(level) on \(name)")
    }
  }
}

@Test func `whatever workers are bound to, it is made of such objects, and theirs are in it`() throws {
  for (name, topology) in Machines.all {
    let cores = topology.parts(.core, of: topology.allowed).count
    for target in BindTarget.allCases {
      for policy in [PlacementPolicy.core, .package, .scatter, .hardwareThread] {
        let plan = try PlacementPlan(
          workers: min(3, cores), on: [.init(name: name, topology: topology)], policy: policy, bindTo: target)
        guard let level = target.level else {
          #expect(plan.workers.allSatisfy { $0.isBound == (target == .automatic) })
          continue
        }
        let parts = topology.parts(level, of: topology.allowed)
        for worker in plan.workers {
          let touched = parts.filter { !$0.isDisjoint(with: worker.cpus) }
          #expect(worker.isBound && touched.reduce(CPUSet()) { $0.union($1) } == worker.cpus, "\(target) on \(name)")
        }
      }
    }
  }
}

@Test func `a scattered pair is never closer than it has to be`() throws {
  for (name, topology) in Machines.all {
    let pair = try PlacementPolicy.scatter.cpuSets(for: 2, on: topology)
    for level in [TopologyLevel.package, .numaNode, .l3Cache, .l2Cache] {
      let parts = topology.parts(level, of: topology.allowed)
      guard parts.count > 1 else { continue }
      #expect(!parts.contains { pair.allSatisfy($0.isSuperset) }, "\(level) on \(name): \(pair)")
      break
    }
  }
}

@Test func `later workers get what earlier ones left`() throws {
  for (name, topology) in Machines.all {
    for policy in policies {
      let all = units(topology, policy).count
      var node = PlacementPlan.Node(name: name, topology: topology)
      var seen: [CPUSet] = []
      while seen.count < all {
        let next = try PlacementPlan(workers: min(3, all - seen.count), on: [node], policy: policy)
        #expect(
          next.workers.allSatisfy { $0.isBound && $0.cpus.isDisjoint(with: node.occupied) }, "\(policy) on \(name)")
        seen += next.workers.map(\.cpus)
        node.occupied = seen.reduce(CPUSet()) { $0.union($1) }
      }
      let one = try PlacementPlan(workers: 1, on: [node], policy: policy)
      #expect(one.workers.allSatisfy { !$0.isBound && $0.cpus == topology.allowed })
    }
  }
}

/// All numbers of workers on small machines, some on large ones: those at the ends, and some that are drawn.
private func counts(upTo limit: Int, _ generator: inout SplitMix64) -> [Int] {
  limit <= 12
    ? Array(1...limit)
    : [1, 2, limit - 1, limit] + (0..<8).map { _ in Int.random(in: 3..<(limit - 1), using: &generator) }
}

@Test func `whatever the count, workers share nothing, stay within what is allowed, and are put there again`() throws {
  var generator = SplitMix64(seed: 11)
  let all = policies + levels.map { .perObject(2, $0) } + [.perObject(1, .core), .perObject(1, .hardwareThread)]
  for (name, topology) in Machines.all {
    let node = PlacementPlan.Node(name: name, topology: topology)
    for policy in all {
      for count in counts(upTo: units(topology, policy).count + 1, &generator) {
        // Objects that have too little, or no room for so many.
        guard let plan = try? PlacementPlan(workers: count, on: [node], policy: policy) else {
          #expect(policy.order == .perObject(1) || policy.order == .perObject(2), "\(count) by \(policy) on \(name)")
          continue
        }
        #expect(try PlacementPlan(workers: count, on: [node], policy: policy) == plan)
        #expect(Set(plan.workers.map(\.isBound)).count == 1 && plan.workers.count == count)
        #expect(plan.workers.allSatisfy { !$0.cpus.isEmpty && $0.cpus.isSubset(of: topology.allowed) })
        guard plan.workers[0].isBound else { continue }
        let union = plan.workers.reduce(CPUSet()) { $0.union($1.cpus) }
        #expect(union.count == plan.workers.reduce(0) { $0 + $1.cpus.count }, "\(count) by \(policy) on \(name)")
      }
    }
  }
}

@Test func `so many for each object are so many, in the order of the objects`() throws {
  for (name, topology) in Machines.all {
    for level in levels {
      let parts = topology.parts(level, of: topology.allowed)
      for number in 1...2 {
        let policy = PlacementPolicy.perObject(number, level)
        // One more than there may be.
        #expect(throws: ClusterError.self) { try policy.cpuSets(for: number * parts.count + 1, on: topology) }
        let plan = try PlacementPlan(
          workers: number * parts.count, on: [.init(name: name, topology: topology)], policy: policy)
        // An object with fewer cores than that: nobody is bound.
        guard parts.allSatisfy({ topology.parts(.core, of: $0).count >= number }) else {
          #expect(plan.workers.allSatisfy { !$0.isBound }, "\(policy) on \(name)")
          continue
        }
        let owners = plan.workers.map { worker in parts.firstIndex { worker.cpus.isSubset(of: $0) } }
        #expect(owners == parts.indices.flatMap { Array(repeating: $0, count: number) }, "\(policy) on \(name)")
      }
    }
  }
}

@Test func `explicit lists are followed to the letter, whatever the machine`() throws {
  var generator = SplitMix64(seed: 12)
  for (name, topology) in Machines.all {
    let list = topology.allowed.shuffled(using: &generator)
    for threads in [1, 2] where list.count >= threads {
      let chunks = stride(from: 0, through: list.count - threads, by: threads).map { CPUSet(list[$0..<($0 + threads)]) }
      let sets = try PlacementPolicy.cpus(list).cpuSets(for: chunks.count, on: topology, threadsPerWorker: threads)
      #expect(sets == chunks, "\(name)")
      #expect(
        try PlacementPolicy.masks(chunks.reversed()).cpuSets(for: chunks.count, on: topology) == chunks.reversed())
      #expect(throws: ClusterError.self) { try PlacementPolicy.cpus(list).cpuSets(for: list.count + 1, on: topology) }
    }
    let outside = (topology.allowed.last ?? 0) + 1
    #expect(throws: ClusterError.self) { try PlacementPolicy.masks([[outside]]).cpuSets(for: 1, on: topology) }
  }
}

@Test func `on several nodes that differ, each worker is in a node's allowed set and shares it with nobody`() throws {
  var generator = SplitMix64(seed: 13)
  for round in 0..<60 {
    let nodes = (0..<Int.random(in: 2...5, using: &generator)).map { index in
      let topology = Machines.all.randomElement(using: &generator)!.topology
      let slots = Bool.random(using: &generator) ? Int.random(in: 0...6, using: &generator) : nil
      return PlacementPlan.Node(name: "n\(index)", topology: topology, slots: slots)
    }
    for policy in policies.flatMap({ [$0, $0.spanning] }) {
      let room = nodes.reduce(0) { $0 + min($1.slots ?? .max, units($1.topology, policy).count) }
      for count in counts(upTo: max(2, room), &generator).prefix(5) where count <= room {
        let plan = try PlacementPlan(workers: count, on: nodes, policy: policy.strict)
        #expect(plan.workers.count == count && plan.workers.allSatisfy(\.isBound), "\(policy), round \(round)")
        for (index, node) in nodes.enumerated() {
          let mine = plan.workers.filter { $0.node == index }
          let union = mine.reduce(CPUSet()) { $0.union($1.cpus) }
          #expect(union.isSubset(of: node.topology.allowed) && mine.count <= node.slots ?? .max)
          #expect(union.count == mine.reduce(0) { $0 + $1.cpus.count }, "\(count) by \(policy), round \(round)")
        }
        // One node after the other, unless it goes round them.
        if !policy.spansNodes { #expect(plan.workers.map(\.node) == plan.workers.map(\.node).sorted()) }
      }
      #expect(throws: ClusterError.self) { try PlacementPlan(workers: room + 1, on: nodes, policy: policy.strict) }
    }
  }
}
