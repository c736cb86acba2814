import SwiftSyntax
import SwiftSyntaxBuilder
import SwiftSyntaxMacros

/// Finds what a closure uses of its surroundings without naming it in its capture list, as far as syntax shows: `self`,
/// `$0`, and the parameters of the functions and closures around it. What else is local the compiler refuses.
final class ImplicitCaptures: SyntaxVisitor {
  private let context: any MacroExpansionContext
  private let closure: ClosureExprSyntax
  /// The types of the parameters of what is around; nil where none is written.
  private let outer: [String: String?]
  private var reported: Set<String> = []
  /// The closures inside this one, which may use `$0` and give names to their parameters.
  private var depth = 0

  private init(_ closure: ClosureExprSyntax, _ outer: [String: String?], _ context: some MacroExpansionContext) {
    self.closure = closure
    self.outer = outer
    self.context = context
    super.init(viewMode: .sourceAccurate)
  }

  /// Whether there are none; reports each once.
  ///
  /// - Parameter bound: the closure's parameter and its captures.
  static func check(
    _ closure: ClosureExprSyntax, bound: Set<String>, in context: some MacroExpansionContext
  ) -> Bool {
    let inner = BoundNames.of(closure.statements)
    let outer = OuterParameters.of(context.lexicalContext).filter { !bound.contains($0.key) && !inner.contains($0.key) }
    let visitor = ImplicitCaptures(closure, outer, context)
    visitor.walk(closure.statements)
    return visitor.reported.isEmpty
  }

  override func visit(_ node: ClosureExprSyntax) -> SyntaxVisitorContinueKind {
    depth += 1
    return .visitChildren
  }

  override func visitPost(_ node: ClosureExprSyntax) { depth -= 1 }

  // A type has a `self` of its own.
  override func visit(_ node: MemberBlockSyntax) -> SyntaxVisitorContinueKind { .skipChildren }

  override func visit(_ node: MacroExpansionExprSyntax) -> SyntaxVisitorContinueKind {
    guard node.macroName.text == "remote" else { return .visitChildren }
    reported.insert("#remote")
    context.complain(
      "#remote cannot stand in another #remote: make this one a function with @Remote, or a struct that conforms to "
        + "RemoteFunction",
      at: node)
    return .skipChildren
  }

  override func visit(_ node: DeclReferenceExprSyntax) -> SyntaxVisitorContinueKind {
    if node.parent?.as(MemberAccessExprSyntax.self)?.declName == node { return .visitChildren }
    if node.parent?.is(KeyPathPropertyComponentSyntax.self) == true { return .visitChildren }
    let name = node.baseName.text
    guard !reported.contains(name) else { return .visitChildren }
    switch node.baseName.tokenKind {
    case .keyword(.self), .keyword(.super):
      report(
        name, node,
        "#remote cannot send `\(name)` along: capture what is needed of it, as in `[value = \(name).value as Int]`")
    case .keyword(.Self):
      report(name, node, "#remote does not know `Self`: write the name of the type")
    case .dollarIdentifier where depth == 0:
      report(name, node, "#remote has to know the type of `\(name)`: name it, as in `{ (x: Int) -> Int in … }`")
    default:
      if let type = outer[node.baseName.bareName] { reportParameter(node, type ?? "<#Type#>") }
    }
    return .visitChildren
  }

  private func report(_ name: String, _ node: DeclReferenceExprSyntax, _ message: String) {
    reported.insert(name)
    context.complain(message, at: node)
  }

  private func reportParameter(_ node: DeclReferenceExprSyntax, _ type: String) {
    let name = node.baseName.text
    reported.insert(name)
    let capture = "\(name) = \(name) as \(type)"
    var signature = closure.signature!
    var items = Array(signature.capture?.items ?? [])
    if !items.isEmpty { items[items.count - 1].trailingComma = .commaToken(trailingTrivia: .space) }
    items.append(
      ClosureCaptureSyntax(
        name: node.baseName.trimmed,
        initializer: InitializerClauseSyntax(
          equal: .equalToken(leadingTrivia: .space, trailingTrivia: .space),
          value: ExprSyntax("\(raw: name) as \(raw: type)"))))
    signature.capture = ClosureCaptureClauseSyntax(
      items: ClosureCaptureListSyntax(items), trailingTrivia: .space)
    context.complain(
      "#remote captures only what its capture list names: write `[\(capture)]`", at: node,
      fix: "capture `\(capture)`", replace: closure.signature!, by: signature)
  }
}

/// The parameters of the functions and closures around something; of two with the same name the nearer one.
private enum OuterParameters {
  static func of(_ context: [Syntax]) -> [String: String?] {
    var types: [String: String?] = [:]
    for node in context.reversed() {
      let function = node.as(FunctionDeclSyntax.self)?.signature ?? node.as(InitializerDeclSyntax.self)?.signature
      for parameter in function?.parameterClause.parameters ?? [] {
        let type = parameter.type.as(AttributedTypeSyntax.self)?.baseType ?? parameter.type
        let isArray = parameter.ellipsis != nil
        types[(parameter.secondName ?? parameter.firstName).bareName] =
          .some(isArray ? "[\(type.trimmed)]" : type.trimmedDescription)
      }
      switch node.as(ClosureExprSyntax.self)?.signature?.parameterClause {
      case .simpleInput(let names):
        for name in names { types[name.name.bareName] = .some(nil) }
      case .parameterClause(let clause):
        for parameter in clause.parameters {
          types[(parameter.secondName ?? parameter.firstName).bareName] = .some(parameter.type?.trimmedDescription)
        }
      case nil: break
      }
    }
    types["_"] = nil
    return types
  }
}

/// Every name that is given to something inside, wherever: who declares a name of his own means that.
private final class BoundNames: SyntaxVisitor {
  private var names: Set<String> = []

  static func of(_ node: some SyntaxProtocol) -> Set<String> {
    let visitor = BoundNames(viewMode: .sourceAccurate)
    visitor.walk(node)
    return visitor.names
  }

  private func add(_ name: TokenSyntax) -> SyntaxVisitorContinueKind {
    names.insert(name.bareName)
    return .visitChildren
  }

  override func visit(_ node: IdentifierPatternSyntax) -> SyntaxVisitorContinueKind { add(node.identifier) }
  override func visit(_ node: ClosureShorthandParameterSyntax) -> SyntaxVisitorContinueKind { add(node.name) }
  override func visit(_ node: ClosureCaptureSyntax) -> SyntaxVisitorContinueKind { add(node.name) }
  override func visit(_ node: ClosureParameterSyntax) -> SyntaxVisitorContinueKind {
    add(node.secondName ?? node.firstName)
  }
  override func visit(_ node: FunctionParameterSyntax) -> SyntaxVisitorContinueKind {
    add(node.secondName ?? node.firstName)
  }
  override func visit(_ node: FunctionDeclSyntax) -> SyntaxVisitorContinueKind { add(node.name) }
}
