// Lists the members of the stand-in packages that neither the product nor its tests reach, and exits with 1 if there are any.
// Usage: dotnet run unreached.cs ASSEMBLY...    the assemblies of product and tests; the stand-ins lie beside them
#:property PublishAot=false
#:property NoWarn=CA1001
using System.Reflection;
using System.Reflection.Emit;
using System.Reflection.Metadata;
using System.Reflection.Metadata.Ecma335;
using System.Reflection.PortableExecutable;
using System.Runtime.CompilerServices;
using System.Text;
using System.Text.RegularExpressions;

var roots = args.Select(path => new Module(path)).ToList();
var kit = args.SelectMany(path => Directory.EnumerateFiles(Path.GetDirectoryName(Path.GetFullPath(path))!, "*.dll")).DistinctBy(Path.GetFileName)
    .Select(path => new Module(path)).Where(module => module.IsStandIn).ToList();
if (roots.Count == 0 || kit.Count == 0)
{
    Console.Error.WriteLine("usage: dotnet run unreached.cs ASSEMBLY...");
    return 2;
}

var graph = new Graph(kit, Sources());
roots.ForEach(graph.ReachReferencesOf);
var unreached = graph.Unreached().Concat(graph.UnnamedConstants()).Order(StringComparer.Ordinal).ToList();
unreached.ForEach(Console.WriteLine);
Console.WriteLine($"{unreached.Count} members of {kit.Count} packages are not reached");
return unreached.Count == 0 ? 0 : 1;

static string Sources([CallerFilePath] string script = "")
{
    var repository = Path.GetFullPath(Path.Combine(Path.GetDirectoryName(script)!, ".."));
    var built = new Regex(@"[/\\](bin|obj|artifacts)[/\\]");
    return string.Concat(Directory.EnumerateFiles(repository, "*.cs", SearchOption.AllDirectories).Where(path => !built.IsMatch(path[repository.Length..])).Select(File.ReadAllText));
}

/// <summary>What reaches what among the stand-ins, from types to members and from code to what it names. Names are those of metadata.</summary>
sealed class Graph
{
    private readonly Dictionary<string, (Module Module, TypeDefinition Type)> _types = [];
    private readonly Dictionary<string, (Module Module, EntityHandle Member)> _members = [];
    private readonly HashSet<string> _reached = [];
    private readonly Dictionary<string, List<string>> _waiting = [];
    private readonly HashSet<string> _askedFor = [];
    private readonly Queue<string> _queue = [];

    private readonly Dictionary<string, int> _words;

    public Graph(IEnumerable<Module> modules, string sources)
    {
        _words = Regex.Matches(sources, @"\w+").Select(word => word.Value).Concat(Regex.Matches(sources, @"\w+\.\w+").Select(name => name.Value))
            .Concat(Regex.Matches(sources, @"using static [\w.]*\.(\w+);").Select(name => $"static.{name.Groups[1].Value}")).CountBy(name => name).ToDictionary();
        foreach (var module in modules)
        {
            foreach (var handle in module.Reader.TypeDefinitions)
            {
                var type = module.Reader.GetTypeDefinition(handle);
                _types[module.NameOf(handle)] = (module, type);
                foreach (var member in type.GetMethods().Select(method => (EntityHandle)method).Concat(type.GetFields().Select(field => (EntityHandle)field)))
                {
                    _members[module.NameOf(member)] = (module, member);
                }
            }
        }
    }

    public void ReachReferencesOf(Module root)
    {
        var reader = root.Reader;
        foreach (var type in _types.Keys.Where(type => ConstantsOf(type).Any(constant => IsNamed(type, constant))))
        {
            Reach(type);
        }

        foreach (var handle in reader.TypeReferences)
        {
            Reach(root.NameOf(handle));
        }

        foreach (var handle in reader.MemberReferences)
        {
            Reach(root.NameOf(handle));
        }

        while (_queue.TryDequeue(out var name))
        {
            Follow(name);
        }
    }

    /// <summary>Types that are not reached, and members of reached types that are not.</summary>
    public IEnumerable<string> Unreached()
    {
        foreach (var (name, (module, type)) in _types)
        {
            if (IsGenerated(name) || module.IsGenerated(type.GetCustomAttributes()) || (_reached.Contains(name) && !type.BaseType.IsNil && module.NameOf(type.BaseType) == "System.MulticastDelegate"))
            {
                continue;
            }

            if (!_reached.Contains(name))
            {
                if (!type.IsNested || _reached.Contains(module.NameOf(type.GetDeclaringType())))
                {
                    yield return $"{module.Name}: {name}";
                }

                continue;
            }

            // What a constructor takes stays with it.
            var constructed = type.GetMethods().SelectMany(method => module.ParametersOf(method)).ToHashSet(StringComparer.OrdinalIgnoreCase);
            foreach (var handle in type.GetProperties())
            {
                var property = module.Reader.GetPropertyDefinition(handle);
                var (accessors, text) = (property.GetAccessors(), module.Text(property.Name));
                if (!new[] { accessors.Getter, accessors.Setter }.Any(accessor => !accessor.IsNil && _reached.Contains(module.NameOf(accessor))) && !_askedFor.Contains(text) && text != "EqualityContract" && !constructed.Contains(text))
                {
                    yield return $"{module.Name}: {name}.{text}";
                }
            }

            foreach (var handle in type.GetMethods())
            {
                var method = module.Reader.GetMethodDefinition(handle);
                var text = module.Text(method.Name);
                var isDefault = text is ".cctor" || (text is ".ctor" && method.GetParameters().Count == 0);
                var isAccessor = method.Attributes.HasFlag(MethodAttributes.SpecialName) && Regex.IsMatch(text, @"(^|\.)(get|set|add|remove)_");
                if (!isDefault && !isAccessor && !IsGenerated(text) && !module.IsGenerated(method.GetCustomAttributes()) && !_reached.Contains(module.NameOf(handle)))
                {
                    yield return $"{module.Name}: {module.NameOf(handle)}";
                }
            }

            foreach (var handle in type.GetFields())
            {
                var field = module.Reader.GetFieldDefinition(handle);
                if (!field.Attributes.HasFlag(FieldAttributes.Literal) && !field.Attributes.HasFlag(FieldAttributes.RTSpecialName) && !IsGenerated(module.Text(field.Name)) && !_reached.Contains(module.NameOf(handle)))
                {
                    yield return $"{module.Name}: {module.NameOf(handle)}";
                }
            }
        }
    }

    /// <summary>Constants of reached types that no source names: code holds only their values.</summary>
    public IEnumerable<string> UnnamedConstants() => _types.Where(type => _reached.Contains(type.Key))
        .SelectMany(type => ConstantsOf(type.Key).Where(constant => !IsNamed(type.Key, constant)).Select(constant => $"{type.Value.Module.Name}: {type.Key}.{constant}"));

    private IEnumerable<string> ConstantsOf(string type) => _types[type].Type.GetFields().Select(_types[type].Module.Reader.GetFieldDefinition)
        .Where(field => field.Attributes.HasFlag(FieldAttributes.Literal)).Select(field => _types[type].Module.Text(field.Name));

    /// <summary>Whether a source names a constant: by itself within its type, with its type elsewhere.</summary>
    private bool IsNamed(string type, string constant) => _words.GetValueOrDefault(constant) > 1
        && (_words.ContainsKey($"static.{type[(type.LastIndexOfAny(['.', '+']) + 1)..]}") || _words.ContainsKey($"{type[(type.LastIndexOfAny(['.', '+']) + 1)..]}.{constant}") || !_types[type].Type.BaseType.IsNil && _types[type].Module.NameOf(_types[type].Type.BaseType) != "System.Enum");

    private static bool IsGenerated(string name) => name.Contains('<', StringComparison.Ordinal) && !name.Contains(">(", StringComparison.Ordinal);

    private void Reach(string name)
    {
        if ((_types.ContainsKey(name) || _members.ContainsKey(name)) && _reached.Add(name))
        {
            _queue.Enqueue(name);
        }
    }

    private void Follow(string name)
    {
        if (_types.TryGetValue(name, out var type))
        {
            FollowType(name, type.Module, type.Type);
            return;
        }

        var (module, member) = _members[name];
        Reach(module.DeclaringTypeOf(member));
        foreach (var reference in module.ReferencesOf(member))
        {
            Reach(reference);
        }

        // Properties are also asked for by name, as the resolver of locations does.
        _askedFor.UnionWith(module.TextsIn(member));

        // Services are constructed by the container that they are registered in.
        foreach (var argument in module.TypeArgumentsIn(member).Where(_types.ContainsKey))
        {
            foreach (var constructor in MethodsOf(argument).Where(method => method.Key.StartsWith(".ctor/", StringComparison.Ordinal)))
            {
                Reach(constructor.Name);
            }
        }

        foreach (var implementation in _waiting.GetValueOrDefault(name) ?? [])
        {
            Reach(implementation);
        }
    }

    private void FollowType(string name, Module module, TypeDefinition type)
    {
        foreach (var reference in module.ReferencesOf(type))
        {
            Reach(reference);
        }

        foreach (var handle in type.GetMethods().Where(handle => module.Text(module.Reader.GetMethodDefinition(handle).Name) == ".cctor"))
        {
            Reach(module.NameOf(handle));
        }

        if (type.Attributes.HasFlag(TypeAttributes.Interface))
        {
            foreach (var handle in type.GetMethodImplementations())
            {
                Reach(module.NameOf(module.Reader.GetMethodImplementation(handle).MethodBody));
            }

            return;
        }

        // What is called by another name: by that of a base type's or an interface's method. Those that are not stand-ins may be called at any time.
        var bases = Bases(name).ToList();
        var interfaces = bases.SelectMany(InterfacesOf).Distinct().ToList();
        HashSet<string> bound = [];
        foreach (var (slot, key) in interfaces.Where(_types.ContainsKey).SelectMany(MethodsOf))
        {
            foreach (var implementation in bases.SelectMany(MethodsOf).Where(method => method.Key == key || method.Key.EndsWith("." + key, StringComparison.Ordinal)).Select(method => method.Name))
            {
                bound.Add(implementation);
                Bind(slot, implementation);
            }
        }

        foreach (var handle in type.GetMethods())
        {
            var method = module.Reader.GetMethodDefinition(handle);
            if (!method.Attributes.HasFlag(MethodAttributes.Virtual) || method.Attributes.HasFlag(MethodAttributes.Abstract))
            {
                continue;
            }

            var implementation = module.NameOf(handle);
            if (method.Attributes.HasFlag(MethodAttributes.NewSlot))
            {
                if (!bound.Contains(implementation) && interfaces.Any(@interface => !_types.ContainsKey(@interface)))
                {
                    Reach(implementation);
                }
            }
            else if (bases.Skip(1).SelectMany(MethodsOf).Where(slot => slot.Key == module.KeyOf(handle)).Select(slot => slot.Name).ToList() is { Count: > 0 } slots)
            {
                slots.ForEach(slot => Bind(slot, implementation));
            }
            else
            {
                Reach(implementation);
            }
        }
    }

    private void Bind(string slot, string implementation)
    {
        if (_reached.Contains(slot))
        {
            Reach(implementation);
        }
        else
        {
            (_waiting.TryGetValue(slot, out var waiting) ? waiting : _waiting[slot] = []).Add(implementation);
        }
    }

    private IEnumerable<string> Bases(string? name)
    {
        while (name is not null && _types.TryGetValue(name, out var type))
        {
            yield return name;
            name = type.Type.BaseType.IsNil ? null : type.Module.NameOf(type.Type.BaseType);
        }
    }

    private IEnumerable<string> InterfacesOf(string name) => !_types.TryGetValue(name, out var type) ? [] : type.Type.GetInterfaceImplementations()
        .Select(handle => type.Module.NameOf(type.Module.Reader.GetInterfaceImplementation(handle).Interface)).SelectMany(@interface => InterfacesOf(@interface).Prepend(@interface));

    private IEnumerable<(string Name, string Key)> MethodsOf(string name) =>
        _types.TryGetValue(name, out var type) ? type.Type.GetMethods().Select(handle => (type.Module.NameOf(handle), type.Module.KeyOf(handle))) : [];
}

/// <summary>An assembly: the names of its types and members, and what they refer to.</summary>
sealed class Module : ISignatureTypeProvider<string, object?>
{
    private static readonly Dictionary<int, OpCode> OpCodesByValue = typeof(OpCodes).GetFields().Select(field => (OpCode)field.GetValue(null)!).ToDictionary(code => (int)(ushort)code.Value);
    private readonly PEReader _file;

    public Module(string path)
    {
        _file = new PEReader(new MemoryStream(File.ReadAllBytes(path)));
        Reader = _file.HasMetadata ? _file.GetMetadataReader() : null!;
        Name = Path.GetFileNameWithoutExtension(path);
    }

    public MetadataReader Reader { get; }

    public string Name { get; }

    /// <summary>The kit is the author of all stand-ins.</summary>
    public bool IsStandIn => _file.HasMetadata && Reader.GetAssemblyDefinition().GetCustomAttributes()
        .Any(handle => Encoding.UTF8.GetString(Reader.GetBlobBytes(Reader.GetCustomAttribute(handle).Value)).Contains("Offline build kit", StringComparison.Ordinal));

    public string Text(StringHandle handle) => Reader.GetString(handle);

    public bool IsGenerated(CustomAttributeHandleCollection attributes) =>
        attributes.Any(handle => DeclaringTypeOf(Reader.GetCustomAttribute(handle).Constructor) == "System.Runtime.CompilerServices.CompilerGeneratedAttribute");

    public IEnumerable<string> ParametersOf(MethodDefinitionHandle method) =>
        Text(Reader.GetMethodDefinition(method).Name) == ".ctor" ? Reader.GetMethodDefinition(method).GetParameters().Select(parameter => Text(Reader.GetParameter(parameter).Name)) : [];

    /// <summary>A method's name and how many parameters it has: enough to tell the methods of an interface or a base type apart.</summary>
    public string KeyOf(MethodDefinitionHandle handle)
    {
        var method = Reader.GetMethodDefinition(handle);
        return $"{Text(method.Name)}/{method.DecodeSignature(this, null).ParameterTypes.Length}";
    }

    public string DeclaringTypeOf(EntityHandle member) => member.Kind switch
    {
        HandleKind.MethodDefinition => NameOf(Reader.GetMethodDefinition((MethodDefinitionHandle)member).GetDeclaringType()),
        HandleKind.FieldDefinition => NameOf(Reader.GetFieldDefinition((FieldDefinitionHandle)member).GetDeclaringType()),
        HandleKind.MemberReference => NameOf(Reader.GetMemberReference((MemberReferenceHandle)member).Parent),
        _ => "",
    };

    /// <summary>A type's or a member's name, the same in the assembly that has it and in those that refer to it.</summary>
    public string NameOf(EntityHandle handle)
    {
        switch (handle.Kind)
        {
            case HandleKind.TypeDefinition:
                var type = Reader.GetTypeDefinition((TypeDefinitionHandle)handle);
                return type.IsNested ? $"{NameOf(type.GetDeclaringType())}+{Text(type.Name)}" : $"{Text(type.Namespace)}.{Text(type.Name)}";
            case HandleKind.TypeReference:
                var reference = Reader.GetTypeReference((TypeReferenceHandle)handle);
                return reference.ResolutionScope.Kind == HandleKind.TypeReference ? $"{NameOf(reference.ResolutionScope)}+{Text(reference.Name)}" : $"{Text(reference.Namespace)}.{Text(reference.Name)}";
            case HandleKind.TypeSpecification:
                return Reader.GetTypeSpecification((TypeSpecificationHandle)handle).DecodeSignature(this, null).Split('<')[0];
            case HandleKind.MethodDefinition:
                var method = Reader.GetMethodDefinition((MethodDefinitionHandle)handle);
                return $"{DeclaringTypeOf(handle)}.{Text(method.Name)}{Parameters(method.DecodeSignature(this, null))}";
            case HandleKind.FieldDefinition:
                return $"{DeclaringTypeOf(handle)}.{Text(Reader.GetFieldDefinition((FieldDefinitionHandle)handle).Name)}";
            case HandleKind.MemberReference:
                var member = Reader.GetMemberReference((MemberReferenceHandle)handle);
                return $"{DeclaringTypeOf(handle)}.{Text(member.Name)}{(member.GetKind() == MemberReferenceKind.Method ? Parameters(member.DecodeMethodSignature(this, null)) : "")}";
            case HandleKind.MethodSpecification:
                return NameOf(Reader.GetMethodSpecification((MethodSpecificationHandle)handle).Method);
            default:
                return "";
        }
    }

    /// <summary>Base type, interfaces and attributes of a type.</summary>
    public IEnumerable<string> ReferencesOf(TypeDefinition type)
    {
        var handles = type.GetInterfaceImplementations().Select(handle => Reader.GetInterfaceImplementation(handle).Interface);
        return handles.Concat(type.BaseType.IsNil ? [] : [type.BaseType]).SelectMany(NamesIn).Concat(Attributes(type.GetCustomAttributes()));
    }

    /// <summary>Types of the signature, what the code names, and attributes of a member, with the whole of its property.</summary>
    public IEnumerable<string> ReferencesOf(EntityHandle member)
    {
        if (member.Kind == HandleKind.FieldDefinition)
        {
            var field = Reader.GetFieldDefinition((FieldDefinitionHandle)member);
            return Types(field.DecodeSignature(this, null)).Concat(Attributes(field.GetCustomAttributes()));
        }

        var handle = (MethodDefinitionHandle)member;
        var method = Reader.GetMethodDefinition(handle);
        var signature = method.DecodeSignature(this, null);
        var properties = Reader.GetTypeDefinition(method.GetDeclaringType()).GetProperties().Select(Reader.GetPropertyDefinition)
            .Where(property => property.GetAccessors() is var accessors && (accessors.Getter == handle || accessors.Setter == handle)).ToList();
        var accessors = properties.Select(property => property.GetAccessors()).SelectMany(accessors => new[] { accessors.Getter, accessors.Setter }).Where(accessor => !accessor.IsNil);
        return signature.ParameterTypes.Add(signature.ReturnType).SelectMany(Types)
            .Concat(method.GetGenericParameters().SelectMany(parameter => Reader.GetGenericParameter(parameter).GetConstraints()).SelectMany(constraint => NamesIn(Reader.GetGenericParameterConstraint(constraint).Type)))
            .Concat(Attributes(method.GetCustomAttributes())).Concat(properties.SelectMany(property => Attributes(property.GetCustomAttributes())))
            .Concat(accessors.Select(accessor => NameOf(accessor))).Concat(Code(method).SelectMany(NamesIn));
    }

    /// <summary>The types that generic methods are called with in the code of a method.</summary>
    public IEnumerable<string> TypeArgumentsIn(EntityHandle member) => member.Kind != HandleKind.MethodDefinition ? [] :
        Code(Reader.GetMethodDefinition((MethodDefinitionHandle)member)).Where(token => token.Kind == HandleKind.MethodSpecification)
            .SelectMany(token => Reader.GetMethodSpecification((MethodSpecificationHandle)token).DecodeSignature(this, null));

    /// <summary>The literals in the code of a method.</summary>
    public IEnumerable<string> TextsIn(EntityHandle member) => member.Kind != HandleKind.MethodDefinition ? [] :
        Operands(Reader.GetMethodDefinition((MethodDefinitionHandle)member)).Where(handle => handle.Kind == HandleKind.UserString).Select(handle => Reader.GetUserString((UserStringHandle)handle));

    private static string Parameters(MethodSignature<string> signature) => $"({string.Join(',', signature.ParameterTypes)})";

    private static IEnumerable<string> Types(string signature) => signature.Split('<', '>', ',', '[', ']', '&', '*').Where(name => name != "");

    private IEnumerable<string> Attributes(CustomAttributeHandleCollection attributes) => attributes.Select(handle => NameOf(Reader.GetCustomAttribute(handle).Constructor));

    /// <summary>A name with those of the types that it is made of.</summary>
    private IEnumerable<string> NamesIn(EntityHandle handle) => handle.Kind switch
    {
        HandleKind.TypeSpecification => Types(Reader.GetTypeSpecification((TypeSpecificationHandle)handle).DecodeSignature(this, null)),
        HandleKind.MemberReference => NamesIn(Reader.GetMemberReference((MemberReferenceHandle)handle).Parent).Append(NameOf(handle)),
        HandleKind.MethodSpecification => Reader.GetMethodSpecification((MethodSpecificationHandle)handle).DecodeSignature(this, null).SelectMany(Types)
            .Concat(NamesIn(Reader.GetMethodSpecification((MethodSpecificationHandle)handle).Method)),
        _ => [NameOf(handle)],
    };

    private IEnumerable<EntityHandle> Code(MethodDefinition method) => Operands(method).Where(handle => handle.Kind != HandleKind.UserString).Select(handle => (EntityHandle)handle);

    private List<Handle> Operands(MethodDefinition method)
    {
        List<Handle> tokens = [];
        if (method.RelativeVirtualAddress == 0)
        {
            return tokens;
        }

        var code = _file.GetMethodBody(method.RelativeVirtualAddress).GetILReader();
        while (code.RemainingBytes > 0)
        {
            var value = (int)code.ReadByte();
            var operation = OpCodesByValue[value == 0xFE ? 0xFE00 | code.ReadByte() : value];
            switch (operation.OperandType)
            {
                case OperandType.InlineMethod or OperandType.InlineField or OperandType.InlineType or OperandType.InlineTok or OperandType.InlineString:
                    tokens.Add(MetadataTokens.Handle(code.ReadInt32()));
                    break;
                case OperandType.InlineSwitch:
                    var cases = code.ReadInt32();
                    code.Offset += 4 * cases;
                    break;
                case OperandType.InlineNone:
                    break;
                case OperandType.ShortInlineBrTarget or OperandType.ShortInlineI or OperandType.ShortInlineVar:
                    code.Offset += 1;
                    break;
                case OperandType.InlineVar:
                    code.Offset += 2;
                    break;
                case OperandType.InlineI8 or OperandType.InlineR:
                    code.Offset += 8;
                    break;
                default:
                    code.Offset += 4;
                    break;
            }
        }

        return tokens;
    }

    string ISimpleTypeProvider<string>.GetPrimitiveType(PrimitiveTypeCode typeCode) => $"System.{typeCode}";

    string ISimpleTypeProvider<string>.GetTypeFromDefinition(MetadataReader reader, TypeDefinitionHandle handle, byte rawTypeKind) => NameOf(handle);

    string ISimpleTypeProvider<string>.GetTypeFromReference(MetadataReader reader, TypeReferenceHandle handle, byte rawTypeKind) => NameOf(handle);

    string ISignatureTypeProvider<string, object?>.GetTypeFromSpecification(MetadataReader reader, object? context, TypeSpecificationHandle handle, byte rawTypeKind) =>
        reader.GetTypeSpecification(handle).DecodeSignature(this, context);

    string ISignatureTypeProvider<string, object?>.GetGenericTypeParameter(object? context, int index) => $"!{index}";

    string ISignatureTypeProvider<string, object?>.GetGenericMethodParameter(object? context, int index) => $"!!{index}";

    string ISignatureTypeProvider<string, object?>.GetModifiedType(string modifier, string unmodifiedType, bool isRequired) => unmodifiedType;

    string ISignatureTypeProvider<string, object?>.GetPinnedType(string elementType) => elementType;

    string ISignatureTypeProvider<string, object?>.GetFunctionPointerType(MethodSignature<string> signature) => "System.IntPtr";

    string IConstructedTypeProvider<string>.GetGenericInstantiation(string genericType, System.Collections.Immutable.ImmutableArray<string> typeArguments) => $"{genericType}<{string.Join(',', typeArguments)}>";

    string IConstructedTypeProvider<string>.GetArrayType(string elementType, ArrayShape shape) => $"{elementType}[]";

    string IConstructedTypeProvider<string>.GetByReferenceType(string elementType) => $"{elementType}&";

    string IConstructedTypeProvider<string>.GetPointerType(string elementType) => $"{elementType}*";

    string ISZArrayTypeProvider<string>.GetSZArrayType(string elementType) => $"{elementType}[]";
}
