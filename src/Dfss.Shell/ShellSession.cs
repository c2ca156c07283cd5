using System.Management.Automation;
using System.Management.Automation.Language;
using System.Management.Automation.Runspaces;
using System.Text;
using Dfss.Shell.Commands;

namespace Dfss.Shell;

/// <summary>The engine with the module imported. It runs one pipeline at a time on the calling thread.</summary>
internal sealed class ShellSession : IDisposable
{
    /// <summary>
    /// Holds whether the last statement succeeded: neither HadErrors nor a later <c>$?</c> gives that.
    /// </summary>
    private const string SucceededVariable = "DfssLastStatementSucceeded";

    private readonly Lock _gate = new();
    private readonly Runspace _runspace;
    private readonly ShellHost _host;
    private Pipeline? _running;
    private bool _isStopping;
    private bool _isClosed;

    private ShellSession(Runspace runspace, ShellHost host)
    {
        _runspace = runspace;
        _host = host;
    }

    /// <summary>Opens the engine and imports the module.</summary>
    /// <exception cref="RuntimeException">The module cannot be imported.</exception>
    public static ShellSession Open(ShellHost host, string modulePath)
    {
        InitialSessionState state = InitialSessionState.CreateDefault2();
        state.ThreadOptions = PSThreadOptions.UseCurrentThread;

        // Without this, a failed module import is not reported.
        state.ThrowOnRunspaceOpenError = true;
        state.ImportPSModule([modulePath]);
        BareCommands.AddTo(state);

        Runspace runspace = RunspaceFactory.CreateRunspace(host, state);
        try
        {
            runspace.Open();
        }
        catch
        {
            runspace.Dispose();
            throw;
        }

        Runspace.DefaultRunspace = runspace;
        EngineIntrinsics engine = (EngineIntrinsics)runspace.SessionStateProxy.GetVariable("ExecutionContext");
        engine.InvokeCommand.CommandNotFoundAction = host.MissingCommand.OnNotFound;
        return new ShellSession(runspace, host);
    }

    public string CurrentLocation => _runspace.SessionStateProxy.Path.CurrentLocation.Path;

    /// <summary>Whether a pipeline is running now.</summary>
    public bool IsRunning
    {
        get
        {
            lock (_gate)
            {
                return _running is not null;
            }
        }
    }

    /// <summary>Runs statements in the global scope and shows their output.</summary>
    /// <returns>Whether the last of them succeeded.</returns>
    public bool Run(string statements)
    {
        // Parsed alone first, so that errors show the user's text without what is added here.
        Parser.ParseInput(statements, out _, out ParseError[] errors);
        if (errors.Length > 0)
        {
            Report(new ParseException(errors).ErrorRecord);
            return false;
        }

        Command command = new($"{statements}\n$global:{SucceededVariable} = $?", isScript: true, useLocalScope: false);
        return Invoke(command) && _runspace.SessionStateProxy.GetVariable(SucceededVariable) is true;
    }

    /// <summary>
    /// Runs a script file as pwsh does: in its own scope, with <c>$PSScriptRoot</c> and <c>$PSCommandPath</c> set.
    /// </summary>
    /// <returns>Whether it ended without a terminating error.</returns>
    public bool RunFile(string path, IReadOnlyList<string> arguments)
    {
        ScriptBlockAst script = Parser.ParseFile(Path.GetFullPath(path), out _, out ParseError[] errors);
        if (errors.Length > 0)
        {
            Report(new ParseException(errors).ErrorRecord);
            return false;
        }

        StringBuilder call = new("param($DfssScript) & $DfssScript");
        foreach (string argument in arguments)
        {
            call.Append(' ').Append(ArgumentText(argument));
        }

        Command command = new(call.ToString(), isScript: true, useLocalScope: true);
        command.Parameters.Add("DfssScript", script.GetScriptBlock());
        return Invoke(command);
    }

    /// <summary>Asks the running pipeline to stop, and does not wait. Callable from any thread.</summary>
    /// <param name="forGood">Whether later pipelines are refused too.</param>
    public void Stop(bool forGood)
    {
        Pipeline? running;
        lock (_gate)
        {
            _isStopping |= forGood;
            running = _running;
        }

        running?.StopAsync();
    }

    /// <summary>Removes the modules, which stops the peers of this session, and closes the engine.</summary>
    public void Dispose()
    {
        lock (_gate)
        {
            if (_isClosed)
            {
                return;
            }

            _isClosed = true;
        }

        using (Pipeline removal = _runspace.CreatePipeline("Get-Module | Remove-Module -Force"))
        {
            removal.Invoke();
        }

        _runspace.Dispose();
    }

    /// <summary>
    /// An argument as PowerShell text: an argument that looks like a parameter stays one, any other becomes a literal
    /// string.
    /// </summary>
    internal static string ArgumentText(string argument)
    {
        bool isParameter = argument.Length > 1 && argument[0] == '-'
            && (char.IsAsciiLetter(argument[1]) || argument[1] == '_');
        int colon = isParameter ? argument.IndexOf(':', StringComparison.Ordinal) : -1;
        string name = colon < 0 ? argument : argument[..colon];
        if (!isParameter || !name.Skip(1).All(character => char.IsAsciiLetterOrDigit(character) || character == '_'))
        {
            return Quoted(argument);
        }

        string value = colon < 0 ? string.Empty : argument[(colon + 1)..];
        return value.ToUpperInvariant() switch
        {
            _ when colon < 0 => name,
            "" => name + ":",
            "$TRUE" or "$FALSE" => $"{name}:{value}",
            _ => $"{name}:{Quoted(value)}",
        };
    }

    private static string Quoted(string text) => $"'{CodeGeneration.EscapeSingleQuotedStringContent(text)}'";

    private bool Invoke(Command command)
    {
        using Pipeline pipeline = _runspace.CreatePipeline();
        command.MergeMyResults(PipelineResultTypes.Error, PipelineResultTypes.Output);
        pipeline.Commands.Add(command);
        pipeline.Commands.Add("Out-Screen");
        lock (_gate)
        {
            if (_isStopping)
            {
                return false;
            }

            _running = pipeline;
        }

        try
        {
            pipeline.Invoke();
            return true;
        }
        catch (PipelineStoppedException)
        {
            return false;
        }
        catch (RuntimeException e)
        {
            Report(e.ErrorRecord);
            return false;
        }
        finally
        {
            lock (_gate)
            {
                _running = null;
            }

            _host.EndPipeline();
        }
    }

    /// <summary>Shows an error in the engine's format, on standard error.</summary>
    private void Report(ErrorRecord error)
    {
        // Out-Default formats it as an error but writes it as output: the engine marks internally only records that
        // arrive through an error stream.
        using Pipeline pipeline = _runspace.CreatePipeline();
        pipeline.Commands.Add("Out-Default");
        using (_host.RedirectOutputToError())
        {
            pipeline.Invoke(new[] { error });
        }
    }
}
