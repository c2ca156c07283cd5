using System.Diagnostics.CodeAnalysis;
using System.Management.Automation;
using System.Management.Automation.Host;
using System.Management.Automation.Runspaces;
using Dfss.Commands;
using Engine = System.Management.Automation.PowerShell;

namespace Dfss.Tests;

/// <summary>A PowerShell session of its own in this process, with the cmdlets imported from the assembly.</summary>
internal sealed class Session : IDisposable
{
    // Built once for all sessions: to fill these tables is most of what it costs to open a runspace.
    private static readonly TypeTable Types = TypeTable.LoadDefaultTypeFiles();
    private static readonly FormatTable Formats = FormatTable.LoadDefaultFormatFiles();

    private readonly Runspace runspace;

    public Session(params Type[] cmdlets)
        : this(host: null, cmdlets)
    {
    }

    /// <summary>A session with a host of its own.</summary>
    public Session(PSHost? host, params Type[] cmdlets)
    {
        InitialSessionState state = InitialSessionState.CreateDefault2();
        state.ThrowOnRunspaceOpenError = true;
        state.Types.Clear();
        state.Types.Add(new SessionStateTypeEntry(Types));
        state.Formats.Clear();
        state.Formats.Add(new SessionStateFormatEntry(Formats));
        foreach (Type type in cmdlets)
        {
            var name = (CmdletAttribute)Attribute.GetCustomAttribute(type, typeof(CmdletAttribute))!;
            state.Commands.Add(new SessionStateCmdletEntry($"{name.VerbName}-{name.NounName}", type,
                helpFileName: null));
        }

        runspace = host is null ? RunspaceFactory.CreateRunspace(state) : RunspaceFactory.CreateRunspace(host, state);
        runspace.Open();
        using Engine engine = Create();
        engine.AddCommand("Import-Module").AddParameter("Assembly", typeof(DfssCmdlet).Assembly).Invoke();
    }

    public Runspace Runspace => runspace;

    /// <summary>A pipeline of this session.</summary>
    [SuppressMessage("Reliability", "CA2000", Justification = "the caller disposes")]
    public Engine Create()
    {
        Engine engine = Engine.Create();
        engine.Runspace = runspace;
        return engine;
    }

    /// <summary>Runs a script; every error, terminating or not, is in the result.</summary>
    public Result Run(string script, params (string Name, object? Value)[] variables)
    {
        foreach ((string name, object? value) in variables)
        {
            runspace.SessionStateProxy.SetVariable(name, value);
        }

        using Engine engine = Create();
        engine.AddScript(script);
        var output = new List<PSObject>();
        Exception? ending = null;
        try
        {
            engine.Invoke(input: null, output);
        }
        catch (RuntimeException exception)
        {
            ending = exception;
        }

        return new Result(
            output, [.. engine.Streams.Error], ending, [.. engine.Streams.Progress],
            [.. engine.Streams.Warning.Select(record => record.Message)], [.. engine.Streams.Verbose.Select(record =>
                record.Message)]);
    }

    /// <summary>Runs a script that a terminating error of one of its commands should end; gives that error.</summary>
    public ErrorRecord RunUntilError(string script, params (string Name, object? Value)[] variables)
    {
        // Only a catch tells a statement-terminating error from a non-terminating one.
        Result result = Run($"try {{ {script} }} catch {{ throw }}", variables);
        return result.Ending is RuntimeException ending
            ? ending.ErrorRecord
            : throw new InvalidOperationException(
                $"No terminating error; {result.Errors.Count} others: {string.Join("; ", result.Errors)}");
    }

    /// <summary>What PowerShell offers at the end of this text.</summary>
    public string[] Complete(string text) => [.. Run(
        "[Management.Automation.CommandCompletion]::CompleteInput($text, $text.Length, $null).CompletionMatches"
            + " | ForEach-Object { $_.CompletionText }",
        ("text", text)).As<string>()];

    public void Dispose() => runspace.Dispose();
}

/// <summary>What a script gave.</summary>
internal sealed record Result(
    IReadOnlyList<PSObject> Output, IReadOnlyList<ErrorRecord> Errors, Exception? Ending,
        IReadOnlyList<ProgressRecord> Progress,
    IReadOnlyList<string> Warnings, IReadOnlyList<string> Verbose)
{
    /// <summary>The output as objects of a type; fails when there was any error.</summary>
    public IReadOnlyList<T> As<T>()
    {
        ThrowIfFailed();
        return [.. Output.Select(item => (T)item.BaseObject)];
    }

    /// <summary>The id of an error, without the cmdlet's name.</summary>
    public static string IdOf(ErrorRecord error) => error.FullyQualifiedErrorId.Split(',')[0];

    /// <summary>Fails when there was any error.</summary>
    public Result ThrowIfFailed()
    {
        if (Ending is not null)
        {
            throw new InvalidOperationException(Ending.Message, Ending);
        }

        return Errors.Count == 0 ? this : throw new InvalidOperationException(string.Join("; ", Errors.Take(3)),
            Errors[0].Exception);
    }
}
