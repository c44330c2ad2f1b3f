using Aspire.Hosting;
using Aspire.Hosting.ApplicationModel;
using Microsoft.Extensions.DependencyInjection;

namespace MlflowAspire.Tests.Model;

[Trait("Category", "Model")]
public class SizeTests
{
    [Fact]
    public async Task A_local_run_keeps_to_it()
    {
        Assert.Contains("--memory=2g", await TestModel.ToRun().AddMlflow().Resource.RuntimeArgumentsAsync());
        Assert.Contains("--memory=4g", await TestModel.ToRun().AddMlflow().WithJobs().Resource.RuntimeArgumentsAsync());

        // Jobs change no size that was asked for, in whatever order the calls are made.
        foreach (var mlflow in new[] { TestModel.ToRun().AddMlflow().WithSize(1.5, 3).WithJobs(), TestModel.ToRun().AddMlflow().WithJobs().WithSize(1.5, 3) })
        {
            var arguments = await mlflow.Resource.RuntimeArgumentsAsync();
            Assert.Contains("--memory=3g", arguments);
            Assert.Contains("--cpus=1.5", arguments);
        }
    }

    [Theory]
    [InlineData(0, 2, "cores (of the server) is '0'; accepted: a number from 0.25 to 64.")]
    [InlineData(1, 0.4, "memoryGiB (of the server) is '0.4'; accepted: a number from 0.5 to 256.")]
    public void What_is_out_of_range_is_refused(double cores, double memory, string message)
    {
        var exception = Assert.Throws<ArgumentOutOfRangeException>(() => TestModel.Create().AddMlflow("mlflow").WithSize(cores, memory));
        Assert.StartsWith(message, exception.Message, StringComparison.Ordinal);
    }

    [Theory]
    [InlineData(4, false, 2, null)]
    [InlineData(5, false, 2, "'mlflow' has 5 workers and 2 GiB, which 4 fit in. Call WithWorkers(4), or WithSize with 2.5 GiB or more.")]
    [InlineData(1, true, 2, null)]
    [InlineData(2, true, 2, "'mlflow' has 2 workers and jobs and 2 GiB, which 1 fit in. Call WithWorkers(1), or WithSize with 2.5 GiB or more.")]
    [InlineData(1, true, 1, "which 0 fit in. Call WithWorkers(1), or WithSize with 2 GiB or more.")]
    public async Task More_workers_than_fit_are_refused_with_the_number_that_fits(int workers, bool jobs, double memory, string? message)
    {
        var model = TestModel.ToPublish();
        model.AddMlflow().WithWorkers(workers).WithJobs(jobs).WithSize(memory / 2, memory);
        await using var app = model.Builder.Build();

        var start = new BeforeStartEvent(app.Services, app.Services.GetRequiredService<DistributedApplicationModel>());
        var thrown = await Record.ExceptionAsync(() => model.Builder.Eventing.PublishAsync(start));
        Assert.Equal(message is null, thrown is null);
        if (message is not null)
        {
            Assert.Contains(message, Assert.IsType<DistributedApplicationException>(thrown).Message, StringComparison.Ordinal);
        }
    }
}
