using System.Collections;
using System.Management.Automation;
using System.Management.Automation.Runspaces;
using System.Reflection;

namespace Dfss.Help;

/// <summary>The facts of a cmdlet that the engine supplies, so that its page need not state them.</summary>
internal sealed class CmdletFacts
{
    private static readonly HashSet<string> Common =
        [.. Cmdlet.CommonParameters, "ProgressAction"];

    private CmdletFacts(CmdletInfo cmdlet)
    {
        Name = cmdlet.Name;
        Verb = cmdlet.Verb;
        Noun = cmdlet.Noun;
        ParameterSets = [.. cmdlet.ParameterSets];
        OutputTypes = [.. cmdlet.OutputType.Select(type => type.Name)];
        object instance = Activator.CreateInstance(cmdlet.ImplementingType)!;
        foreach (CommandParameterInfo parameter in ParameterSets.SelectMany(ShownParameters))
        {
            if (!Parameters.Exists(known => known.Name == parameter.Name))
            {
                Parameters.Add(new ParameterFacts(parameter, DefaultOf(instance, parameter)));
            }
        }

        Parameters.Sort((first, second) => StringComparer.Ordinal.Compare(first.Name, second.Name));
        InputTypes = [.. ParameterSets.SelectMany(ShownParameters)
            .Where(parameter => parameter.ValueFromPipeline)
            .Select(parameter => (parameter.ParameterType.GetElementType() ?? parameter.ParameterType).FullName!)
            .Distinct()];
    }

    internal string Name { get; }

    internal string Verb { get; }

    internal string Noun { get; }

    internal IReadOnlyList<CommandParameterSetInfo> ParameterSets { get; }

    /// <summary>
    /// The sets whose syntax differs: two sets may differ only in pipeline input, which a syntax does not show.
    /// </summary>
    internal IEnumerable<CommandParameterSetInfo> ShownSets =>
        ParameterSets.OrderByDescending(set => set.IsDefault).DistinctBy(set => set.ToString());

    /// <summary>The parameters that users see, without those that every cmdlet has, by name.</summary>
    internal List<ParameterFacts> Parameters { get; } = [];

    /// <summary>The full names of the types that the pipeline binds as whole objects.</summary>
    internal IReadOnlyList<string> InputTypes { get; }

    /// <summary>The full names of the types that the cmdlet writes.</summary>
    internal IReadOnlyList<string> OutputTypes { get; }

    /// <summary>The cmdlets of an assembly, by name.</summary>
    internal static IReadOnlyList<CmdletFacts> Read(string assemblyPath)
    {
        Assembly assembly = Assembly.LoadFrom(assemblyPath);
        using Runspace runspace = RunspaceFactory.CreateRunspace(InitialSessionState.CreateDefault2());
        runspace.Open();
        using var engine = System.Management.Automation.PowerShell.Create(runspace);
        engine.AddCommand("Import-Module").AddParameter("Assembly", assembly).AddParameter("PassThru");
        PSModuleInfo module = engine.Invoke<PSModuleInfo>().Single();
        // While the runspace is open: the engine computes the parameters on demand.
        return [.. module.ExportedCmdlets.Values.OrderBy(cmdlet => cmdlet.Name, StringComparer.Ordinal)
            .Select(cmdlet => new CmdletFacts(cmdlet))];
    }

    /// <summary>
    /// The parameters of a set in the order of its syntax: positional ones first, then mandatory ones.
    /// </summary>
    internal static IEnumerable<CommandParameterInfo> ShownParameters(CommandParameterSetInfo set) =>
        from parameter in set.Parameters
        where !Common.Contains(parameter.Name) && !IsHidden(parameter)
        orderby parameter.Position < 0 ? int.MaxValue : parameter.Position, parameter.IsMandatory ? 0 : 1,
            ParameterFacts.IsAdded(parameter.Name) ? 1 : 0, parameter.Name
        select parameter;

    /// <summary>Whether a parameter is internal to the module.</summary>
    internal static bool IsHidden(CommandParameterInfo parameter) =>
        parameter.Attributes.OfType<ParameterAttribute>().Any(attribute => attribute.DontShow);

    /// <summary>
    /// The property's value before anything is bound; or what the code says where null stands for a default.
    /// </summary>
    private static string DefaultOf(object cmdlet, CommandParameterInfo parameter) =>
        (cmdlet.GetType().GetProperty(parameter.Name)?.GetValue(cmdlet)
            ?? parameter.Attributes.OfType<PSDefaultValueAttribute>().SingleOrDefault()?.Value) switch
        {
            _ when parameter.ParameterType == typeof(SwitchParameter) => "False",
            null => "None",
            IList { Count: 0 } => "None",
            IEnumerable<string> many => string.Join(", ", many),
            object one when parameter.IsMandatory || one is string { Length: 0 } => "None",
            object one => FormattableString.Invariant($"{one}"),
        };
}

/// <summary>The facts of a parameter that the engine supplies.</summary>
internal sealed class ParameterFacts(CommandParameterInfo parameter, string defaultValue)
{
    internal string Name => parameter.Name;

    /// <summary>Whether the engine adds it to every cmdlet that changes something.</summary>
    internal bool IsOfEngine => IsAdded(Name);

    internal bool IsSwitch => parameter.ParameterType == typeof(SwitchParameter);

    internal bool AcceptsWildcards => parameter.Attributes.OfType<SupportsWildcardsAttribute>().Any();

    internal string DefaultValue => defaultValue;

    internal string Aliases => parameter.Aliases.Count == 0 ? "none" : string.Join(", ", parameter.Aliases);

    internal string TypeName => (Nullable.GetUnderlyingType(parameter.ParameterType) ?? parameter.ParameterType).Name;

    internal static bool IsAdded(string name) => name is "WhatIf" or "Confirm";
}
